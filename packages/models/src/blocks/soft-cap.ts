import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** cap · tanh(x / cap): nearly x while |x| is well below the cap, never beyond it (Gemma 2). */
export function softCap(f: Forward, x: Value, cap: number | null | undefined): Value {
  if (cap === null || cap === undefined) return x;
  const bounded = f.g.op('Tanh', [f.g.mul(x, f.scalar(1 / cap))]);
  return f.g.mul(bounded, f.scalar(cap));
}
