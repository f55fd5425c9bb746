import { describe, expect, it } from 'vitest';
import { dynamicRange } from './dynamic-range.js';

describe('dynamicRange', () => {
  it('measures the largest against median and smallest', () => {
    expect(dynamicRange([8, 1, 2])).toEqual({ overMedian: 4, overSmallest: 8 });
    expect(dynamicRange([1, 2, 4, 12])).toEqual({ overMedian: 4, overSmallest: 12 });
  });
});
