import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** Applies `body` to every head alike: [rows, heads·dim] → [rows·heads, dim] → body → and back. */
export function perHead(f: Forward, x: Value, dim: number, body: (heads: Value) => Value): Value {
  const [rows = 0, width = 0] = x.shape;
  const heads = f.g.reshape(x, [(rows * width) / dim, dim]);
  return f.g.reshape(body(heads), [rows, width]);
}
