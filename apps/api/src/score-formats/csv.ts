import { csvField, type LayerScore, type StoredScore } from '@layersense/contracts';

/**
 * One line per parameter with a column per metric, largest first (RFC 4180). Empty cells are values
 * that a run does not have; variance, error, interval and probability are of the first metric.
 */
export function* layerScoreCsv(
  metrics: readonly string[],
  scores: readonly LayerScore[],
): Generator<string> {
  yield line([
    ...['rank', 'layer', 'parameter', 'shape', 'numel', 'n', ...metrics],
    ...['variance', 'standard_error', 'confidence_low', 'confidence_high', 'top_k_probability'],
    ...['routed_tokens', 'routed_examples'],
  ]);
  for (const score of scores) {
    yield line([
      score.rank,
      score.layer,
      score.parameter,
      score.shape.join('x'),
      score.numel,
      score.n,
      ...metrics.map((metric) => score.values[metric]),
      score.variance,
      score.standard_error,
      score.confidence_interval?.[0],
      score.confidence_interval?.[1],
      score.top_k_probability,
      score.routed_tokens,
      score.routed_examples,
    ]);
  }
}

const storedColumns = [
  ...['model', 'revision', 'dataset', 'method', 'metric', 'layer', 'parameter', 'module', 'block'],
  ...['numel', 'value', 'rank', 'n', 'standard_error'],
] as const satisfies readonly (keyof StoredScore)[];

/** Rows of the store, in the order of the answer. */
export function* storedScoreCsv(scores: readonly StoredScore[]): Generator<string> {
  yield line([
    ...storedColumns,
    ...['shape', 'confidence_low', 'confidence_high', 'share_of_max', 'run_id'],
  ]);
  for (const score of scores) {
    yield line([
      ...storedColumns.map((column) => score[column]),
      score.shape.join('x'),
      score.confidence_interval?.[0],
      score.confidence_interval?.[1],
      score.share_of_max,
      score.run_id,
    ]);
  }
}

const line = (cells: readonly Parameters<typeof csvField>[0][]): string =>
  `${cells.map(csvField).join(',')}\r\n`;
