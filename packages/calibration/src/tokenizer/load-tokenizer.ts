import { createHash } from 'node:crypto';
import { LayersenseError } from '@layersense/contracts';
import type { ChatMessage } from '../raw-example.js';
import { renderChat } from './chat-template.js';
import { problemWithTokenIds } from './check-definition.js';
import { type BoundedSequence, encodeSequence } from './encode-sequence.js';
import { HubTokenizer } from './hub-tokenizer.js';
import {
  invalidTokenizer,
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  readJsonObject,
  readTokenizerFile,
} from './read-json-object.js';
import { rewritePreTokenizers } from './rewrite-pre-tokenizers.js';
import { specialIdsOf } from './special-tokens.js';
import { slowTokenizerFileNames, type TokenizerFiles } from './tokenizer-files.js';
import { withinTime } from './within-time.js';

/** A megabyte of text takes about a second. */
const TIME_LIMIT_MS = 30_000;

export interface EncodeOptions {
  /** Add what the tokenizer puts around a text, such as a beginning-of-sequence token; by default true. */
  readonly addSpecialTokens?: boolean | undefined;
}

export interface Tokenizer {
  /** Hex digest of tokenizer.json. */
  readonly sha256: string;
  /** The largest token id plus one: the least number of rows that the model's embedding has. */
  readonly vocabSize: number;
  /** Token ids as Python's `tokenizer(text, add_special_tokens=…)["input_ids"]`. */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * One text, or two for a model that compares them, with its special tokens, in at most `maxLength`
   * tokens: Python's `tokenizer(text, pair, truncation=True, max_length=…)`.
   */
  encodeSequence(texts: readonly string[], maxLength: number): BoundedSequence;
  /** Tokens that no text is made of, such as the mask, padding and separators. */
  readonly specialIds: ReadonlySet<number>;
  /** Stands for a token that is to be predicted. */
  readonly maskId: number | undefined;
  readonly padId: number | undefined;
  /**
   * The conversation as text, special tokens included: encode it without adding them again.
   *
   * @throws LayersenseError `chat_template_missing`, or `tokenizer_invalid` where the template
   *   refuses these messages
   */
  renderChat(messages: readonly ChatMessage[]): string;
}

/**
 * Loads a fast tokenizer (tokenizer.json and the files beside it). The files may come from anyone:
 * what they hold is never run for longer than `limitMs`, neither here nor by `encode`.
 *
 * @throws LayersenseError `tokenizer_missing` without a tokenizer.json, `tokenizer_invalid` where a
 *   file is no JSON or describes a tokenizer that cannot be built
 */
export async function loadTokenizer(
  files: TokenizerFiles,
  limitMs: number = TIME_LIMIT_MS,
): Promise<Tokenizer> {
  const path = files['tokenizer.json'];
  if (path === undefined) throw missingTokenizer(files);
  const bytes = await readTokenizerFile(path);
  const config = await readJsonObject(files['tokenizer_config.json']);
  const specialTokens = {
    ...specialTokensIn(await readJsonObject(files['special_tokens_map.json'])),
    ...specialTokensIn(config),
  };
  const attempt = <T>(body: () => T): T => {
    try {
      return withinTime(limitMs, body);
    } catch (cause) {
      if (cause instanceof LayersenseError) throw cause;
      throw invalidTokenizer(path, messageOf(cause), cause);
    }
  };
  const definition = parseJsonObject(bytes, path);
  const tokenizer = attempt(() => build(definition, specialTokens, path));
  const templatePath = files['chat_template.jinja'];
  const template = {
    file: templatePath && (await readTokenizerFile(templatePath)).toString('utf8'),
    configured: config.chat_template,
    specialTokens,
  };
  const encode = (text: string, addSpecialTokens: boolean, pair?: string) =>
    attempt(() => {
      const { ids, token_type_ids: segments } = tokenizer.encode(text, {
        add_special_tokens: addSpecialTokens,
        text_pair: pair,
        return_token_type_ids: true,
      });
      return {
        ids: ids.map((id) => id ?? unknownToken(path)),
        segments: segments ?? ids.map(() => 0),
      };
    });
  return {
    ...specialIdsOf(definition, specialTokens, tokenizer.get_vocab()),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    vocabSize: [...tokenizer.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1) + 1,
    encode: (text, { addSpecialTokens = true } = {}) => encode(text, addSpecialTokens).ids,
    encodeSequence: (texts, maxLength) => {
      const [text = '', pair] = texts;
      return encodeSequence(texts, maxLength, {
        plain: (each) => encode(each, false).ids,
        whole: () => encode(text, true, pair),
      });
    },
    renderChat: (messages) => renderChat(template, messages),
  };
}

/**
 * Python's fast tokenizers follow tokenizer.json alone, whereas the library also obeys settings of
 * tokenizer_config.json that only slow ones know (`remove_space`, …): it is given none of them.
 */
function build(
  definition: JsonObject,
  specialTokens: Readonly<Record<string, string>>,
  path: string,
): HubTokenizer {
  if (!isJsonObject(definition.model)) throw invalidTokenizer(path, 'it has no "model"');
  const problem = problemWithTokenIds(definition);
  if (problem !== undefined) throw invalidTokenizer(path, problem);
  const complete = {
    added_tokens: [],
    normalizer: null,
    post_processor: null,
    decoder: null,
    ...definition,
    pre_tokenizer: rewritePreTokenizers(definition.pre_tokenizer ?? null),
  };
  return new HubTokenizer(complete, specialTokens);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** `bos_token` and its like: strings, or objects with the string as their `content`. */
function specialTokensIn(config: JsonObject): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [name, value] of Object.entries(config)) {
    const content = isJsonObject(value) ? value.content : value;
    if (name.endsWith('_token') && typeof content === 'string') tokens[name] = content;
  }
  return tokens;
}

function unknownToken(path: string): never {
  throw invalidTokenizer(
    path,
    'a text has a token outside the vocabulary, and it names no unknown token',
  );
}

function missingTokenizer(files: TokenizerFiles): LayersenseError {
  const slow = slowTokenizerFileNames.filter((name) => files[name] !== undefined);
  const advice =
    slow.length > 0
      ? `It has ${slow.join(', ')}, which belong to a slow tokenizer: save a fast one with AutoTokenizer.from_pretrained(model, use_fast=True).save_pretrained(folder).`
      : 'Put the tokenizer beside the model, or give a dataset of token ids ({"input_ids": [...]} per line).';
  return new LayersenseError('tokenizer_missing', `The model has no tokenizer.json. ${advice}`, {
    looked_for: ['tokenizer.json'],
    found: Object.keys(files),
  });
}
