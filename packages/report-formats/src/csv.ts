import { metricsOf, type ScoreReport } from '@layersense/contracts';
import { layerScoreCsvLines } from './layer-score-csv.js';

/** One line per score in order of rank, under a header, with every digit of the values. */
export function scoreCsv({ run, scores }: ScoreReport): string {
  const byRank = scores.toSorted((left, right) => left.rank - right.rank);
  const lines = layerScoreCsvLines(metricsOf[run.method], byRank);
  return [...lines].map((line) => `${line}\n`).join('');
}
