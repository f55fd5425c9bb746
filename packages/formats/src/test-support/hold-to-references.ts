import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from './differing.js';
import { input, reference } from './references.js';

interface HeldFormats {
  readonly tool: string;
  /** Formats, and what the tool calls them. */
  readonly keys: Readonly<Record<string, string>>;
  readonly matrices: readonly string[];
  /** How many values are known to differ, as "format of matrix"; 0 of all others. */
  readonly residuals?: Readonly<Record<string, number>>;
}

/** Tests that each format makes of each matrix what its tool makes of it, value for value. */
export function holdToReferences({ tool, keys, matrices, residuals = {} }: HeldFormats): void {
  const cases = Object.entries(keys).flatMap(([format, key]) =>
    matrices.map((matrix) => ({ format, key, matrix })),
  );
  describe(`value for value what ${tool} makes`, () => {
    it.each(nonEmpty(cases))('$format of $matrix', ({ format, key, matrix }) => {
      const { values, shape } = input(matrix);
      const expected = reference(tool, matrix, key).values;
      const count = differing(dequantisedMatrix(parseFormat(format), values, shape), expected);
      expect(count).toBe(residuals[`${format} of ${matrix}`] ?? 0);
    });
  });
}

/** Tests that a format has the bits a weight that the tool stores of a matrix. */
export function holdToStoredBits({ tool, keys, matrices }: HeldFormats): void {
  const cases = Object.entries(keys).flatMap(([format, key]) =>
    matrices.map((matrix) => ({ format, key, matrix })),
  );
  describe(`the bits that ${tool} stores`, () => {
    it.each(nonEmpty(cases))('of $format for $matrix', ({ format, key, matrix }) => {
      const { shape } = input(matrix);
      const { bitsPerWeight } = reference(tool, matrix, key);
      const [outputs, inputs] = shape;
      expect(parseFormat(format).bits(shape) / (outputs * inputs)).toBeCloseTo(bitsPerWeight, 5);
    });
  });
}
