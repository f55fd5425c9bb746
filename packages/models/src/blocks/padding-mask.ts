import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import type { AttentionMask } from './causal-masks.js';

/**
 * The additive mask of an encoder, one block with [batch, 1, 1, length]: 0 for a token, and −1e30, whose exp() is
 * exactly zero, for padding.
 *
 * @param attentionMask int64 [batch, length], 1 for a token and 0 for padding
 */
export function paddingMask(f: Forward, attentionMask: Value): AttentionMask {
  const { batch, length } = f.shape;
  const hidden = f.g.sub(f.cast(attentionMask), f.scalar(1));
  const mask = f.g.reshape(f.g.mul(hidden, f.scalar(1e30)), [batch, 1, 1, length]);
  const all = { from: 0, to: length };
  return [{ queries: all, keys: all, mask }];
}
