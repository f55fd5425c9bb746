import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** y = x W + b with W `[inputs, outputs]`, as GPT-2's checkpoints store it: the transpose of a linear's. */
export function conv1d(f: Forward, x: Value, name: string, outputs: number): Value {
  const weight = f.parameter(`${name}.weight`, [x.shape[1] ?? 0, outputs]);
  return f.g.op('Gemm', [x, weight, f.parameter(`${name}.bias`, [outputs])]);
}
