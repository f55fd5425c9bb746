import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { linear } from './linear.js';

/** The keys of config.json that say how a decoder's head is made. */
export interface LanguageHead {
  readonly vocab_size: number;
  readonly tie_word_embeddings: boolean;
}

/**
 * Logits of the next token at every position: [rows, width] → [rows, vocabulary]. A checkpoint that holds
 * a head of its own has one although config.json ties it: see `declaredTies`.
 */
export function languageHead(
  f: Forward,
  hidden: Value,
  { vocab_size: vocabulary, tie_word_embeddings: tied }: LanguageHead,
  embedding = 'model.embed_tokens',
): Value {
  const head = isTied(f, 'lm_head', tied) ? embedding : 'lm_head';
  return linear(f, hidden, head, vocabulary, { bias: false });
}

/** Whether a module is to have the weight of another, and the checkpoint has none of its own for it. */
export function isTied(f: Forward, module: string, tied: boolean): boolean {
  return tied && !f.has(`${module}.weight`);
}
