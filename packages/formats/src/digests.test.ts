import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from './dequantised-matrix.js';
import { familyFormats } from './formats.js';
import { int } from './integers/int.js';
import { mlx } from './mlx/mlx.js';
import { input } from './test-support/references.js';

/** SHA-256 of what a tool makes of A and B, by format. */
type Digests = Readonly<Record<string, { readonly A: string; readonly B: string }>>;

function digests(name: string): Digests {
  const file = new URL(`../fixtures/${name}-digests.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Of the float32 values, with zeros of either sign as +0. */
function digest(values: Float32Array): string {
  const unsigned = values.map((value) => value + 0);
  return createHash('sha256').update(new Uint8Array(unsigned.buffer)).digest('hex');
}

describe.each([
  ['compressed-tensors', int, digests('int')],
  ['MLX', mlx, digests('mlx')],
])('what %s makes', (_, family, expected) => {
  const formats = nonEmpty(familyFormats(family));

  it('is known of every format of the family', () => {
    expect(formats.map(({ name }) => name).toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  it.each(formats)('in $name, of A and of B', (format) => {
    const made = (['A', 'B'] as const).map((matrix) => {
      const { values, shape } = input(matrix);
      return digest(dequantisedMatrix(format, values, shape));
    });
    const { A, B } = expected[format.name] ?? { A: '', B: '' };
    expect(made).toEqual([A, B]);
  });
});
