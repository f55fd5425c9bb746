import { largest } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';
import { input, reference, referenceScales } from '../test-support/references.js';
import { valueTable } from './nearest-value.js';

const tool = 'bitsandbytes';
const keys = {
  nf4: 'nf4_b64_dq',
  bnb_fp4: 'fp4_b64_dq',
  nf4_nodq: 'nf4_b64',
  bnb_fp4_nodq: 'fp4_b64',
};
const { nf4, bnb_fp4 } = keys;

holdToReferences({
  tool,
  keys: { nf4_nodq: keys.nf4_nodq, bnb_fp4_nodq: keys.bnb_fp4_nodq },
  matrices: ['A', 'B'],
});
// On CPUs bitsandbytes rounds what it looks up in the map of scales to 16 bits before, and so takes the
// second nearest for the scale of one block of B: that is all that differs.
holdToReferences({
  tool,
  keys: { nf4, bnb_fp4 },
  matrices: ['B'],
  residuals: { 'nf4 of B': 43, 'bnb_fp4 of B': 63 },
});
holdToStoredBits({ tool, keys, matrices: ['A', 'B', 'C'] });

describe.each([
  ['nf4', nf4],
  ['bnb_fp4', bnb_fp4],
])('double quantisation of %s', (name, key) => {
  const format = parseFormat(name);

  it.each(['A', 'B'])('makes the same of %s, given the same scales', (matrix) => {
    const { values, shape } = input(matrix);
    const facts = referenceScales(tool, matrix, key);
    const out = format.dequantised(values, { shape, firstRow: 0, facts });
    expect(differing(out, reference(tool, matrix, key).values)).toBe(0);
  });

  it('finds the scales of B but for one', () => {
    const { values, shape } = input('B');
    const survey = format.survey?.(shape);
    survey?.see(values);
    const facts = survey?.facts() ?? new Float32Array();
    expect(differing(facts, referenceScales(tool, 'B', key))).toBe(1);
  });

  it('finds those of A but for the last bit of their mean, which PyTorch sums in float32', () => {
    const { values, shape } = input('A');
    const theirs = reference(tool, 'A', key).values;
    const apart = dequantisedMatrix(format, values, shape).map((y, i) =>
      y === theirs[i] ? 0 : Math.abs(y / (theirs[i] ?? 0) - 1),
    );
    expect(largest(apart)).toBeLessThan(2.2e-7);
  });

  it('needs the survey of the matrix', () => {
    const { values, shape } = input('A');
    expect(() => format.dequantised(values, { shape, firstRow: 0 })).toThrow(
      `${name} needs the survey of the matrix`,
    );
  });
});

it.each(Object.entries(keys))('%s of C in bfloat16 is the same, rounded to it', (name, key) => {
  const { values, shape } = input('C');
  const rounded = dequantisedMatrix(
    parseFormat('bf16'),
    dequantisedMatrix(parseFormat(name), values, shape),
    shape,
  );
  expect(differing(rounded, reference(tool, 'C', key).values)).toBe(0);
});

it('counts what does not fill a block or a byte', () => {
  expect(parseFormat('nf4_nodq').bits([3, 43])).toBe(65 * 8 + 3 * 32);
  expect(parseFormat('nf4').bits([3, 43])).toBe(65 * 8 + 3 * 8 + 32 + 32);
});

it('has bands that end with a block: blocks run on over the ends of rows', () => {
  const { bandRows } = parseFormat('nf4');
  expect([64, 96, 100, 63, 1].map((inputs) => bandRows([128, inputs]))).toEqual([1, 2, 16, 64, 64]);
  const { values } = input('B');
  const format = parseFormat('nf4_nodq');
  const shape = [96, 96] as const;
  const whole = dequantisedMatrix(format, values, shape);
  const [first, second] = [values.slice(0, 192), values.slice(192)];
  expect(differing(format.dequantised(first, { shape, firstRow: 0 }), whole.slice(0, 192))).toBe(0);
  expect(differing(format.dequantised(second, { shape, firstRow: 2 }), whole.slice(192))).toBe(0);
});

it('a table whose values are too near to each other is refused', () => {
  expect(() => valueTable([-1, 0, 0.01, 0.02, 1])).toThrow('too near to each other');
});
