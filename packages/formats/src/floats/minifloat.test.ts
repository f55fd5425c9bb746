import { describe, expect, it } from 'vitest';
import { e2m1, e2m3, e3m2, e4m3, type Minifloat, toMinifloat } from './minifloat.js';

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
    expect(values.map((value) => toMinifloat(type, -value))).toEqual(values.map((value) => -value));
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
    expect(toMinifloat(type, -0)).toBe(-0);
  });
});
