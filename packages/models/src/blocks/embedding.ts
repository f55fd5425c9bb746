import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** Rows of the embedding table for every token: [batch, length] → [batch · length, width]. */
export function embedding(
  f: Forward,
  inputIds: Value,
  name: string,
  vocabulary: number,
  width: number,
): Value {
  const table = f.stored(`${name}.weight`, [vocabulary, width]);
  // Gather before Cast: only the rows that are used are ever widened.
  const rows = f.cast(f.g.op('Gather', [table, inputIds]));
  return f.g.reshape(rows, [f.shape.batch * f.shape.length, width]);
}
