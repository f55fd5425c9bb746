import type { LayerScore } from '@layersense/contracts';
import { ranks } from '@layersense/statistics';
import { expect, it } from 'vitest';
import { toScoreColumns } from './score-columns.js';

const score = (parameter: string, rank: number, density: number | null): LayerScore => ({
  layer: parameter.replace('.weight', ''),
  parameter,
  shape: [2, 2],
  numel: 4,
  n: 3,
  values: { sum: 10 - rank, density },
  standard_error: null,
  routed_tokens: null,
  routed_examples: null,
  rank,
  per_example: [1, 2, 3],
});

const scores = [
  score('e.weight', 5, 7),
  score('a.weight', 1, 7),
  score('c.weight[q]', 3, 7),
  score('b.weight', 2, null),
  score('d.weight', 4, 7),
];

it('ranks every metric as the statistics do: ties in the order of the first, unknown values last', () => {
  const { metric, parameter, rank } = toScoreColumns(['sum', 'density'], scores);
  const of = (name: string) =>
    parameter.flatMap((each, i) => (metric[i] === name ? [[each, rank[i]]] : []));
  expect(of('sum').map(([, value]) => value)).toEqual([5, 1, 3, 2, 4]);
  const expected = ranks(
    scores.map(({ values }) => values.density ?? null),
    { ties: [5, 1, 3, 2, 4], counted: [true, true, false, true, true] },
  );
  expect(of('density')).toEqual(scores.map((each, i) => [each.parameter, expected[i]]));
  expect(expected).toEqual([3, 1, 2, 4, 2]);
});

it('keeps the squared deviations and the values of the ranking metric alone', () => {
  const { m2, perExample, start, length } = toScoreColumns(['sum', 'density'], scores.slice(0, 1));
  expect({ m2, perExample, start, length }).toEqual({
    m2: [2, null],
    perExample: [1, 2, 3],
    start: [1, 4],
    length: [3, 0],
  });
});
