import type { ErrorCode, ErrorContext } from '@layersense/contracts/error-codes';
import type { ChatMessage } from '../raw-example.js';
import type { BoundedSequence } from './encode-sequence.js';
import type { SpecialIds } from './special-tokens.js';
import type { TokenizerFiles } from './tokenizer-files.js';

/** What a loaded tokenizer tells about itself. */
export interface TokenizerDescription extends SpecialIds {
  readonly sha256: string;
}

/** What the tokenizer process is asked, by name, and what it answers. */
export interface TokenizerCalls {
  load: { request: TokenizerFiles; answer: TokenizerDescription };
  text: { request: { text: string; addSpecialTokens: boolean }; answer: Uint32Array };
  sequence: { request: { texts: readonly string[]; maxLength: number }; answer: BoundedSequence };
  chat: { request: readonly ChatMessage[]; answer: string };
}

export type CallName = keyof TokenizerCalls;

export interface Call {
  readonly name: CallName;
  readonly request: TokenizerCalls[CallName]['request'];
}

/** Calls that travel together: tokenising a sentence takes less time than sending it. */
export interface CallBatch {
  readonly id: number;
  readonly calls: readonly Call[];
}

export type Answer =
  | { readonly answer: TokenizerCalls[CallName]['answer'] }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly context: ErrorContext;
      };
    };

/** The first message, of the id -1 and without answers, says that the process can take calls. */
export interface AnswerBatch {
  readonly id: number;
  readonly answers: readonly Answer[];
}
