import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** y = (x − mean(x)) / sqrt(var(x) + ε) · γ (+ β) over the last axis (Ba et al. 2016). */
export function layerNorm(
  f: Forward,
  x: Value,
  name: string,
  options: { readonly epsilon: number; readonly bias?: boolean },
): Value {
  const { g } = f;
  const width = x.shape.at(-1) ?? 0;
  const centered = g.sub(x, g.reduceMean(x, [-1], true));
  const variance = g.reduceMean(g.mul(centered, centered), [-1], true);
  const deviation = g.op('Sqrt', [g.add(variance, f.scalar(options.epsilon))]);
  const normalized = g.mul(centered, g.op('Reciprocal', [deviation]));
  const scaled = g.mul(normalized, f.parameter(`${name}.weight`, [width]));
  return options.bias === false ? scaled : g.add(scaled, f.parameter(`${name}.bias`, [width]));
}
