import { createHash } from 'node:crypto';
import { LayersenseError } from '@layersense/contracts/error-codes';
import { AddedToken as NativeToken, Tokenizer as NativeTokenizer } from 'tokenizers';
import { renderChat } from '../templates/chat-template.js';
import { type AddedToken, configuredTokens } from './added-tokens.js';
import { problemWithDefinition, unsupportedFeature } from './check-definition.js';
import { withClassSettings } from './class-settings.js';
import { encodeSequence } from './encode-sequence.js';
import {
  invalidTokenizer,
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  readJsonObject,
  readTokenizerFile,
  unsupportedTokenizer,
} from './read-json-object.js';
import { specialIdsOf } from './special-tokens.js';
import type { TokenizerFiles } from './tokenizer-files.js';
import type { TokenizerCalls, TokenizerDescription } from './tokenizer-protocol.js';

/** A tokenizer inside its process. */
export type BuiltTokenizer = {
  readonly description: TokenizerDescription;
} & {
  readonly [K in 'text' | 'sequence' | 'chat']: (
    request: TokenizerCalls[K]['request'],
  ) => Promise<TokenizerCalls[K]['answer']>;
};

/**
 * Builds what `AutoTokenizer.from_pretrained` builds from the same files, on the same library.
 *
 * @throws LayersenseError `tokenizer_invalid`, `tokenizer_unsupported`
 */
export async function buildTokenizer(files: TokenizerFiles): Promise<BuiltTokenizer> {
  const path = files['tokenizer.json'] ?? '';
  const bytes = await readTokenizerFile(path);
  const config = await readJsonObject(files['tokenizer_config.json']);
  const stored = parseJsonObject(bytes, path);
  const { named, added } = configuredTokens({
    definition: stored,
    config,
    specialTokensMap: await readJsonObject(files['special_tokens_map.json']),
    addedTokens: await readJsonObject(files['added_tokens.json']),
  });
  const feature = unsupportedFeature(stored, config);
  if (feature !== undefined) throw unsupportedTokenizer(path, feature);
  const problem = problemWithDefinition(stored);
  if (problem !== undefined) throw invalidTokenizer(path, problem);
  const definition = withClassSettings(stored, config, named.bos_token);
  const unchanged = definition === stored;
  const native = attempt(path, () =>
    NativeTokenizer.fromString(unchanged ? bytes.toString('utf8') : JSON.stringify(definition)),
  );
  // Python's tokenizers neither cut nor fill up unless they are asked to.
  native.disableTruncation();
  native.disablePadding();
  attempt(path, () => native.addAddedTokens(added.map(nativeToken)));
  const marked = [...ownTokens(stored), ...added].filter(({ special }) => special === true);
  const templatePath = files['chat_template.jinja'];
  const template = {
    file: templatePath && (await readTokenizerFile(templatePath)).toString('utf8'),
    configured: config.chat_template,
    specialTokens: named,
  };
  const encode = async (text: string, addSpecialTokens: boolean, pair?: string) =>
    native.encode(text, pair, { addSpecialTokens }).catch((cause: unknown) => {
      throw invalidTokenizer(path, messageOf(cause), cause);
    });
  return {
    description: {
      sha256: identity(bytes, unchanged ? {} : definition, newTokens(stored, added)),
      ...specialIdsOf(
        marked.map(({ content }) => String(content)),
        named,
        (token) => native.tokenToId(token),
      ),
    },
    text: async ({ text, addSpecialTokens }) =>
      Uint32Array.from((await encode(text, addSpecialTokens)).getIds()),
    sequence: ({ texts, maxLength }) =>
      encodeSequence(texts, maxLength, {
        plain: async (text) => (await encode(text, false)).getIds(),
        whole: async () => {
          const [text = '', pair] = texts;
          const encoding = await encode(text, true, pair);
          return { ids: encoding.getIds(), segments: encoding.getTypeIds() };
        },
      }),
    chat: async (messages) => renderChat(template, messages),
  };
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof LayersenseError) throw cause;
    throw invalidTokenizer(path, messageOf(cause), cause);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function nativeToken({ content, special, ...flags }: AddedToken): NativeToken {
  return new NativeToken(content, special, {
    singleWord: flags.single_word,
    leftStrip: flags.lstrip,
    rightStrip: flags.rstrip,
    normalized: flags.normalized,
  });
}

function ownTokens({ added_tokens }: JsonObject): readonly JsonObject[] {
  return Array.isArray(added_tokens) ? added_tokens.filter(isJsonObject) : [];
}

/** Those of `added` that tokenizer.json does not hold with the same flags. */
function newTokens(definition: JsonObject, added: readonly AddedToken[]): AddedToken[] {
  const own = new Map(ownTokens(definition).map((token) => [token.content, token]));
  return added.filter((token) => {
    const stored = own.get(token.content);
    return !stored || Object.entries(token).some(([flag, value]) => stored[flag] !== value);
  });
}

/**
 * The sha256 of tokenizer.json, in hex; where other files add tokens or settings, that of this digest
 * followed by them as JSON.
 */
function identity(bytes: Buffer, changed: JsonObject, added: readonly AddedToken[]): string {
  const { normalizer, pre_tokenizer, post_processor } = changed;
  const digest = createHash('sha256').update(bytes).digest('hex');
  const rest = JSON.stringify([{ normalizer, pre_tokenizer, post_processor }, added]);
  return rest === '[{},[]]'
    ? digest
    : createHash('sha256').update(digest).update(rest).digest('hex');
}
