import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { differing } from '../test-support/differing.js';
import { e2m1, e2m3, e3m2, e4m3, type Minifloat, toMinifloat } from './minifloat.js';
import { bitTable, nearestByBits, toNearestByBits } from './nearest-by-bits.js';
import { cellTable, toNearestByCell } from './nearest-by-cell.js';

/** Every value that is not negative of a type, by its definition: (1 + f / 2ᵐ) 2ᵉ, subnormal f / 2ᵐ. */
function valuesOf(mantissaBits: number, smallestExponent: number, largest: number): number[] {
  const steps = 2 ** mantissaBits;
  const values: number[] = [];
  for (let step = 0; step < steps; step++) values.push((step / steps) * 2 ** smallestExponent);
  for (let exponent = smallestExponent; 2 ** exponent <= largest; exponent++) {
    for (let step = 0; step < steps; step++) values.push((1 + step / steps) * 2 ** exponent);
  }
  return values.filter((value) => value <= largest);
}

const types: [string, Minifloat, number[], number][] = [
  ['E2M1', e2m1, valuesOf(1, 0, 6), 8],
  ['E2M3', e2m3, valuesOf(3, 0, 7.5), 32],
  ['E3M2', e3m2, valuesOf(2, -2, 28), 32],
  ['E4M3', e4m3, valuesOf(3, -6, 448), 127],
];

describe.each(types)('%s', (_, type, values, count) => {
  it(`has ${count} values that are not negative, and keeps them`, () => {
    expect(values).toHaveLength(count);
    expect(values.map((value) => toMinifloat(type, value))).toEqual(values);
    expect(values.map((value) => toMinifloat(type, -value))).toEqual(
      values.map((value) => 0 - value),
    );
  });

  it('takes the nearest, and halfway between two the one of even mantissa', () => {
    const middles = values.slice(1).map((value, i) => (value + (values[i] ?? 0)) / 2);
    const even = middles.map((_, i) => values[i % 2 === 0 ? i : i + 1]);
    expect(middles.map((middle) => toMinifloat(type, middle))).toEqual(even);
    const nextBelow = middles.map((middle) => middle * (1 - 2 ** -24));
    expect(nextBelow.map((x) => toMinifloat(type, x))).toEqual(values.slice(0, -1));
    const nextAbove = middles.map((middle) => middle * (1 + 2 ** -23));
    expect(nextAbove.map((x) => toMinifloat(type, x))).toEqual(values.slice(1));
  });

  it('ends with its largest value, and begins with zero', () => {
    expect(toMinifloat(type, 1e30)).toBe(type.largest);
    expect(toMinifloat(type, -type.largest * 1.5)).toBe(-type.largest);
    expect(toMinifloat(type, 2 ** -149)).toBe(0);
  });

  it('is looked up by bits as it is computed, everywhere between two values and at them', () => {
    const table = bitTable(type);
    const numbers = everywhere(values);
    expect(numbers.map((x) => nearestByBits(table, x))).toEqual(
      numbers.map((x) => toMinifloat(type, x)),
    );
  });
});

/** E4M3 has too many values for a table of cells. */
const ofCells = nonEmpty(types.filter(([name]) => name !== 'E4M3'));

describe.each(ofCells)('%s by cell', (_, type, values) => {
  it('is the same as by bits, with any scale', () => {
    const numbers = Float32Array.from(everywhere(values), (x) => x * 0.37);
    const groups = {
      bounds: Int32Array.of(0, numbers.length),
      first: 0,
      last: 1,
      parameters: Float64Array.of(Math.fround(0.37)),
    };
    const [byBits, byCell] = [new Float32Array(numbers.length), new Float32Array(numbers.length)];
    toNearestByBits(numbers, byBits, groups, bitTable(type));
    toNearestByCell(numbers, byCell, groups, cellTable(type));
    expect(differing(byCell, byBits)).toBe(0);
  });

  it('has no value for what lies beyond the table', () => {
    const out = new Float32Array(1);
    const groups = {
      bounds: Int32Array.of(0, 1),
      first: 0,
      last: 1,
      parameters: Float64Array.of(1),
    };
    toNearestByCell(Float32Array.of(1000), out, groups, cellTable(type));
    expect(out[0]).toBeNaN();
  });
});

/** Both signs of each value, of the middles to the next, of their neighbours, and of numbers beyond the largest. */
function everywhere(values: readonly number[]): number[] {
  const middles = values.slice(1).map((value, i) => (value + (values[i] ?? 0)) / 2);
  const places = [...values, ...middles, (values.at(-1) ?? 0) * 1.2];
  const near = places.flatMap((x) => [x, x * (1 - 2 ** -23), x * (1 + 2 ** -22), x * 0.99]);
  return near.flatMap((x) => [x, -x]);
}
