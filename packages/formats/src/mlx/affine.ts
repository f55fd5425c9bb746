import { largest, smallest } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { roundHalfEven } from '../rounding/round-half-even.js';

const LEAST_SCALE = Math.fround(1e-7);

/** The range is moved and stretched until the end that is farther from 0, and 0 itself, are codes. */
export function affine(bits: number): RoundGroup {
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    const least = smallest(words, start, end);
    const most = largest(words, start, end);
    const step = Math.max(Math.fround(Math.fround(most - least) / steps), LEAST_SCALE);
    const negative = Math.abs(least) > Math.abs(most);
    const edge = negative ? least : most;
    const signed = negative ? step : -step;
    const stepsToEdge = roundHalfEven(Math.fround(edge / signed));
    if (stepsToEdge === 0) round(values, start, end, out, signed, 0, steps);
    else round(values, start, end, out, Math.fround(edge / stepsToEdge), edge, steps);
  };
}

function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  bias: number,
  steps: number,
): void {
  const inverse = 1 / scale;
  for (let i = start; i < end; i++) {
    const q = roundHalfEven(Math.fround(Math.fround((values[i] ?? 0) - bias) * inverse));
    out[i] = Math.fround(Math.min(Math.max(q, 0), steps) * scale) + bias;
  }
}
