import { describe, expect, it } from 'vitest';
import { roundEnds } from './round-ends.js';

describe('roundEnds', () => {
  it.each([
    [128, 16, [16, 24, 36, 54, 81, 122, 128]],
    [24, 16, [16, 24]],
    [16, 16, [16]],
    [5, 16, [5]],
    [8, 2, [2, 3, 5, 8]],
  ])('of %i examples from %i', (total, first, ends) => {
    expect(roundEnds(total, first)).toEqual(ends);
  });
});
