import { describe, expect, it } from 'vitest';
import { labelUniforms } from './label-uniforms.js';
import { maskedPositions } from './masked-positions.js';

const range = (length: number) => Array.from({ length }, (_, i) => i);
const draw = (row: number, length = 200, seed = 42, probability = 0.15) =>
  maskedPositions(range(length), { seed, row, probability });

describe('maskedPositions', () => {
  it('depends on seed, row and position alone', () => {
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3, 100)).toEqual(draw(3).filter((position) => position < 100));
    expect(draw(4)).not.toEqual(draw(3));
    expect(draw(3, 200, 43)).not.toEqual(draw(3));
  });

  it('masks the asked share of the eligible positions and no others', () => {
    const masked = range(500).flatMap((row) => draw(row));
    const share = masked.length / (500 * 200);
    // Four standard deviations of a binomial share.
    expect(Math.abs(share - 0.15)).toBeLessThan(4 * Math.sqrt((0.15 * 0.85) / (500 * 200)));
    const odd = range(100).filter((position) => position % 2 === 1);
    const half = maskedPositions(odd, { seed: 1, row: 1, probability: 0.5 });
    expect(half.length).toBeGreaterThan(0);
    expect(odd).toEqual(expect.arrayContaining([...half]));
    expect(draw(0, 50, 1, 1)).toEqual(range(50));
  });

  it('masks one position where chance masks none, any of them', () => {
    const lone = range(400).map((row) => draw(row, 4, 7, 1e-9));
    expect(lone.map((positions) => positions.length)).toEqual(Array(400).fill(1));
    const counts = range(4).map((p) => lone.filter(([only]) => only === p).length);
    expect(counts.map((count) => count > 60)).toEqual([true, true, true, true]);
  });

  it('draws no numbers that labels are drawn with', () => {
    const uniforms = labelUniforms(42, 3, 200);
    const likely = range(200).filter((i) => (uniforms[i] ?? 1) < 0.15);
    expect(draw(3)).not.toEqual(likely);
  });

  it('keeps its choices, on which the identity of runs depends', () => {
    expect(draw(3, 60)).toEqual([10, 14, 15, 18, 31, 39, 41, 44, 45, 49, 53, 59]);
  });
});
