import { csvField, metricsOf, type ScoreReport } from '@layersense/contracts';

/** One line per score in order of rank, under a header, with every digit of the values. */
export function scoreCsv({ run, scores }: ScoreReport): string {
  const metrics = metricsOf[run.method];
  const rows = scores
    .toSorted((left, right) => left.rank - right.rank)
    .map((score) => [
      score.rank,
      score.layer,
      score.parameter,
      score.shape.join('x'),
      score.numel,
      score.n,
      ...metrics.map((metric) => score.values[metric]),
      score.standard_error,
      score.routed_tokens,
      score.routed_examples,
    ]);
  const header = [
    'rank',
    'layer',
    'parameter',
    'shape',
    'numel',
    'n',
    ...metrics,
    'standard_error',
    'routed_tokens',
    'routed_examples',
  ];
  return [header, ...rows].map((row) => `${row.map(csvField).join(',')}\n`).join('');
}
