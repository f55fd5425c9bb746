import type { LayerScore, ScoreReport } from '@layersense/contracts';
import { exampleReport } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { blockMatrices } from './block-matrices.js';
import { compareRankings, largestMoves } from './compare-rankings.js';

const reportOf = (values: Readonly<Record<string, number>>): ScoreReport => {
  const ranked = Object.entries(values).toSorted(([, left], [, right]) => right - left);
  const scores = ranked.map(
    ([layer, sum], index): LayerScore => ({
      layer,
      parameter: `${layer}.weight`,
      shape: [2, 2],
      numel: 4,
      n: 2,
      values: { sum, density: sum / 4 },
      standard_error: 0,
      routed_tokens: null,
      routed_examples: null,
      rank: index + 1,
    }),
  );
  return { run: exampleReport.run, scores };
};

describe('compareRankings', () => {
  const comparison = compareRankings(
    reportOf({ a: 8, b: 4, c: 2, d: 1, only: 9 }),
    reportOf({ b: 10, a: 5, d: 4, c: 3 }),
  );

  it('places what both score in either, in the order of the first', () => {
    expect(comparison.layers.map(({ layer }) => layer)).toEqual(['a', 'b', 'c', 'd']);
    expect(comparison.layers[0]).toEqual({
      layer: 'a',
      parameter: 'a.weight',
      first: { rank: 2, share: 8 / 9 },
      second: { rank: 2, share: 0.5 },
    });
    expect(comparison.correlation).toBeCloseTo(0.6, 12);
  });

  it('finds the largest moves and leaves out what stays', () => {
    const same = compareRankings(reportOf({ a: 2, b: 1 }), reportOf({ a: 3, b: 1 }));
    expect(largestMoves(same, 5)).toEqual([]);
    expect(largestMoves(comparison, 1).map(({ layer }) => layer)).toEqual(['b']);
  });
});

describe('blockMatrices', () => {
  it('leaves out embeddings, biases and norm scales', () => {
    const [base] = reportOf({ x: 1 }).scores;
    const named = (parameter: string, shape: number[]) =>
      ({ ...base, parameter, shape }) as LayerScore;
    const scores = [
      named('model.embed_tokens.weight', [4, 4]),
      named('model.layers.0.self_attn.v_proj.weight', [4, 4]),
      named('model.layers.0.self_attn.v_proj.bias', [4]),
      named('model.layers.0.input_layernorm.weight', [4]),
    ];
    expect(blockMatrices(scores).map(({ parameter }) => parameter)).toEqual([
      'model.layers.0.self_attn.v_proj.weight',
    ]);
  });
});
