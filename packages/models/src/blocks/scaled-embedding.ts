import { roundTo, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { embedding } from './embedding.js';

/**
 * Embeddings times √width. Gemma rounds the factor to the type it is run in, which is taken to be
 * the stored one: with bfloat16, √3072 is 55.5 and not 55.4256.
 */
export function scaledEmbedding(
  f: Forward,
  inputIds: Value,
  name: string,
  vocabulary: number,
  width: number,
): Value {
  const { dtype } = f.stored(`${name}.weight`, [vocabulary, width]);
  const factor = roundTo(dtype, Math.fround(Math.sqrt(width)));
  return f.g.mul(embedding(f, inputIds, name, vocabulary, width), f.scalar(factor));
}
