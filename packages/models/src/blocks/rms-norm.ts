import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/**
 * y = x / sqrt(mean(x²) + ε) · γ over the last axis (Zhang and Sennrich 2019, eq. 4). Gemma stores
 * γ − 1, which `options.offset` = 1 undoes.
 */
export function rmsNorm(
  f: Forward,
  x: Value,
  name: string,
  epsilon: number,
  options: { readonly offset?: number } = {},
): Value {
  const { g } = f;
  const width = x.shape.at(-1) ?? 0;
  const meanSquare = g.reduceMean(g.mul(x, x), [-1], true);
  const rms = g.op('Sqrt', [g.add(meanSquare, f.scalar(epsilon))]);
  const normalized = g.mul(x, g.op('Reciprocal', [rms]));
  const stored = f.parameter(`${name}.weight`, [width]);
  const scale = options.offset ? g.add(stored, f.scalar(options.offset)) : stored;
  return g.mul(normalized, scale);
}
