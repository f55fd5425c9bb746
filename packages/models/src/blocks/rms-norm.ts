import { float, int, type Value } from '@layersense/onnx-ir';
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
  // The kernel's own scale stays 1: γ needs the normalised x in the backward pass.
  const ones = f.constant([width], new Array<number>(width).fill(1));
  const normalized = g.op('SimplifiedLayerNormalization', [x, ones], {
    axis: int(-1),
    epsilon: float(epsilon),
  });
  const stored = f.parameter(`${name}.weight`, [width]);
  const scale = options.offset ? g.add(stored, f.scalar(options.offset)) : stored;
  return g.mul(normalized, scale);
}
