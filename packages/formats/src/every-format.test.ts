import { largest, nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from './dequantised-matrix.js';
import { formats } from './formats.js';
import type { MatrixShape, NumericFormat } from './numeric-format.js';
import { differing } from './test-support/differing.js';
import { input } from './test-support/references.js';

/** As whoever streams a checkpoint does it: the fewest rows at a time that the format takes. */
function inBands(format: NumericFormat, values: Float32Array, shape: MatrixShape): Float32Array {
  const [outputs, inputs] = shape;
  const rows = format.bandRows(shape);
  const survey = format.survey?.(shape);
  const starts = Array.from({ length: Math.ceil(outputs / rows) }, (_, i) => i * rows);
  const bandAt = (row: number) => values.slice(row * inputs, (row + rows) * inputs);
  for (const row of starts) survey?.see(bandAt(row));
  const facts = survey ? { facts: survey.facts() } : {};
  const out = new Float32Array(values.length);
  for (const firstRow of starts) {
    out.set(format.dequantised(bandAt(firstRow), { shape, firstRow, ...facts }), firstRow * inputs);
  }
  return out;
}

describe.each(nonEmpty(formats))('%s', (name, format) => {
  it('is listed under its name and says what it is', () => {
    expect(format.name).toBe(name);
    expect(format.definition).toMatch(/\.$/);
    expect(format.roundsLike.join()).not.toBe('');
  });

  it('makes the same of a matrix and of its bands, and leaves the weights as they are', () => {
    const { values, shape } = input('B');
    const given = values.slice();
    const whole = dequantisedMatrix(format, values, shape);
    expect(differing(values, given)).toBe(0);
    expect(differing(inBands(format, values, shape), whole)).toBe(0);
  });

  it('writes where it is told to, over the weights themselves too', () => {
    const { values, shape } = input('A');
    const expected = dequantisedMatrix(format, values, shape);
    const survey = format.survey?.(shape);
    survey?.see(values);
    const facts = survey ? { facts: survey.facts() } : {};
    const own = values.slice();
    expect(format.dequantised(own, { shape, firstRow: 0, ...facts }, own)).toBe(own);
    expect(differing(own, expected)).toBe(0);
  });

  it('keeps zeros, and stays within the largest magnitude but for its step', () => {
    const shape = [2, 512] as const;
    expect(
      differing(dequantisedMatrix(format, new Float32Array(1024), shape), new Float32Array(1024)),
    ).toBe(0);
    const { values } = input('A');
    const error = dequantisedMatrix(format, values, [8, 256]).map((y, i) => y - (values[i] ?? 0));
    // Two bits have steps of two thirds of it.
    expect(largest(error.map(Math.abs))).toBeLessThan(largest(values.map(Math.abs)));
  });

  it('has a whole number of bits', () => {
    expect(Number.isSafeInteger(format.bits([4096, 4096]))).toBe(true);
    expect(format.bits([4096, 4096]) / 4096 ** 2).toBeGreaterThan(2);
  });
});
