import { LayersenseError } from '@layersense/contracts/error-codes';
import type { ChatMessage } from '../raw-example.js';
import type { BoundedSequence } from './encode-sequence.js';
import { invalidTokenizer } from './read-json-object.js';
import { slowTokenizerFileNames, type TokenizerFiles } from './tokenizer-files.js';
import { TokenizerDied, TokenizerProcess } from './tokenizer-process.js';
import type { CallName, TokenizerCalls } from './tokenizer-protocol.js';

/** A megabyte of text takes less than a second. */
const TIME_LIMIT_MS = 30_000;

export interface EncodeOptions {
  /** Add what the tokenizer puts around a text, such as a beginning-of-sequence token; by default true. */
  readonly addSpecialTokens?: boolean | undefined;
}

/** A tokenizer in a process of its own, until it is closed. Calls made together are answered together. */
export interface Tokenizer {
  /** Hex digest of tokenizer.json and of what other files add to it. */
  readonly sha256: string;
  /** Token ids as Python's `tokenizer(text, add_special_tokens=…)["input_ids"]`. */
  encode(text: string, options?: EncodeOptions): Promise<readonly number[]>;
  /**
   * One text, or two for a model that compares them, with its special tokens, in at most `maxLength`
   * tokens: Python's `tokenizer(text, pair, truncation=True, max_length=…)`.
   */
  encodeSequence(texts: readonly string[], maxLength: number): Promise<BoundedSequence>;
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
  renderChat(messages: readonly ChatMessage[]): Promise<string>;
  /** Ends its process. Calls under way fail. */
  close(): Promise<void>;
}

/**
 * Loads a fast tokenizer (tokenizer.json and the files beside it). The files may come from anyone:
 * they are read in a process of their own, which ends when it answers nothing for `limitMs`.
 *
 * @throws LayersenseError `tokenizer_missing` without a tokenizer.json, `tokenizer_invalid` where a
 *   file is no JSON or describes a tokenizer that cannot be built, `tokenizer_unsupported` where it
 *   asks for something that is not supported
 */
export async function loadTokenizer(
  files: TokenizerFiles,
  limitMs: number = TIME_LIMIT_MS,
): Promise<Tokenizer> {
  const path = files['tokenizer.json'];
  if (path === undefined) throw missingTokenizer(files);
  const child = new TokenizerProcess(limitMs);
  const call = <K extends CallName>(name: K, request: TokenizerCalls[K]['request']) =>
    child.call(name, request).catch((cause: unknown) => {
      throw cause instanceof TokenizerDied ? invalidTokenizer(path, cause.message, cause) : cause;
    });
  const { specialIds, ...description } = await call('load', files).catch(async (cause) => {
    await child.close();
    throw cause;
  });
  return {
    ...description,
    specialIds: new Set(specialIds),
    encode: async (text, { addSpecialTokens = true } = {}) =>
      Array.from(await call('text', { text, addSpecialTokens })),
    encodeSequence: (texts, maxLength) => call('sequence', { texts, maxLength }),
    renderChat: (messages) => call('chat', messages),
    close: () => child.close(),
  };
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
