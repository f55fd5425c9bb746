import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/**
 * The additive mask of an encoder, [batch, 1, 1, length]: 0 for a token, and −1e30, whose exp() is
 * exactly zero, for padding.
 *
 * @param attentionMask int64 [batch, length], 1 for a token and 0 for padding
 */
export function paddingMask(f: Forward, attentionMask: Value): Value {
  const { batch, length } = f.shape;
  const hidden = f.g.sub(f.cast(attentionMask), f.scalar(1));
  return f.g.reshape(f.g.mul(hidden, f.scalar(1e30)), [batch, 1, 1, length]);
}
