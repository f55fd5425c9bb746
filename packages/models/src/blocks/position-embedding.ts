import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/**
 * Adds row t of a learned table to position t: [batch · length, width] → the same shape.
 * @throws LayersenseError `sequence_too_long`
 */
export function addPositionEmbedding(f: Forward, x: Value, name: string, positions: number): Value {
  const { g } = f;
  const { batch, length } = f.shape;
  const width = x.shape[1] ?? 0;
  if (length > positions) {
    throw new LayersenseError(
      'sequence_too_long',
      `An example has ${length} tokens, and this model's table of positions has ${positions} rows. Set max_length to ${positions} or less.`,
      { length, positions },
    );
  }
  const table = f.stored(`${name}.weight`, [positions, width]);
  const rows = f.cast(g.op('Gather', [table, g.int64([...Array(length).keys()])]));
  return g.reshape(g.add(g.reshape(x, [batch, length, width]), rows), [batch * length, width]);
}
