import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/**
 * y = x Wᵀ (+ b) with W `[outputs, inputs]` as PyTorch stores it: [rows, inputs] → [rows, outputs].
 * Gemm reads W transposed in place, so no transposed copy of a weight exists in either pass.
 */
export function linear(
  f: Forward,
  x: Value,
  name: string,
  outputs: number,
  options: { readonly bias: boolean },
): Value {
  const inputs = x.shape[1] ?? 0;
  const weight = f.parameter(`${name}.weight`, [outputs, inputs]);
  const bias = options.bias ? [f.parameter(`${name}.bias`, [outputs])] : [];
  return f.g.op('Gemm', [x, weight, ...bias], { transB: int(1) });
}
