import type { ScoreReport } from '@layersense/contracts';

/**
 * One line per parameter with a column per metric, largest first (RFC 4180). Empty cells are
 * values that a run does not have.
 */
export function scoresToCsv({ run, scores }: ScoreReport): string {
  const header = ['rank', 'layer', 'parameter', 'shape', 'numel', 'n', ...run.metrics];
  const lines = scores.map((score) => [
    score.rank,
    score.layer,
    score.parameter,
    score.shape.join('x'),
    score.numel,
    score.n,
    ...run.metrics.map((metric) => score.values[metric] ?? null),
    score.standard_error,
    score.routed_tokens,
    score.routed_examples,
  ]);
  return [[...header, 'standard_error', 'routed_tokens', 'routed_examples'], ...lines]
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
