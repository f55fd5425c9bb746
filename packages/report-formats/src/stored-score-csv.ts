import type { LayerScore, StoredScore } from '@layersense/contracts';
import { csvLine } from './csv-line.js';
import { layerScoreCsvLines } from './layer-score-csv.js';

/** One line per parameter, in the order given (RFC 4180). */
export function* layerScoreCsv(
  metrics: readonly string[],
  scores: readonly LayerScore[],
): Generator<string> {
  for (const line of layerScoreCsvLines(metrics, scores)) yield `${line}\r\n`;
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

const line = (cells: Parameters<typeof csvLine>[0]): string => `${csvLine(cells)}\r\n`;
