import { describe, expect, it } from 'vitest';
import { spearman } from './spearman.js';

describe('spearman', () => {
  it('is 1 for the same order and -1 for the opposite, whatever the distances', () => {
    expect(spearman([1, 2, 3, 100], [0.1, 5, 6, 7])).toBeCloseTo(1, 12);
    expect(spearman([1, 2, 3, 100], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
  });

  it('gives equal values their mean rank', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: covariance 4.5, variances 4.5 and 5.
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  it('is undefined where nothing varies', () => {
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });
});
