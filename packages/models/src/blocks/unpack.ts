import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** Cuts the last axis into parts of the given widths. */
export function unpack<const Widths extends readonly number[]>(
  f: Forward,
  x: Value,
  widths: Widths,
): { readonly [I in keyof Widths]: Value } {
  const options = { outputs: widths.length };
  const parts = f.g.ops('Split', [x, f.g.int64(widths)], { axis: int(-1) }, options);
  return parts as unknown as { readonly [I in keyof Widths]: Value };
}
