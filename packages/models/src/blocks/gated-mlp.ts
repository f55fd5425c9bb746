import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { type Activation, activation } from './activation.js';
import { linear } from './linear.js';

/** W_down (act(W_gate x) ⊙ W_up x), a gated linear unit (Shazeer 2020). */
export function gatedMlp(
  f: Forward,
  x: Value,
  name: string,
  options: { readonly inner: number; readonly activation: Activation; readonly bias?: boolean },
): Value {
  const { inner, bias = false } = options;
  const gate = linear(f, x, `${name}.gate_proj`, inner, { bias });
  const up = linear(f, x, `${name}.up_proj`, inner, { bias });
  const hidden = f.g.mul(activation(f, options.activation, gate), up);
  return linear(f, hidden, `${name}.down_proj`, x.shape[1] ?? 0, { bias });
}
