import { extname } from 'node:path';
import type { ScoreReport } from '@layersense/contracts';
import { scoreCsv, scoreJson, scoreTable } from '@layersense/report-formats';
import { UsageError } from '../usage-error.js';

export type ScoreFormat = 'table' | 'json' | 'csv';

interface FormatChoice {
  readonly json: boolean;
  readonly csv: boolean;
  readonly out: string | undefined;
}

/** The format asked for by flag, else by the file's extension, else the table. */
export function chooseFormat({ json, csv, out }: FormatChoice): ScoreFormat {
  if (json && csv) throw new UsageError('--json and --csv exclude each other.');
  if (json) return 'json';
  if (csv) return 'csv';
  const extension = extname(out ?? '').toLowerCase();
  if (extension === '.json') return 'json';
  return extension === '.csv' ? 'csv' : 'table';
}

export function formatScores(
  report: ScoreReport,
  format: ScoreFormat,
  { perExample, top }: { readonly perExample: boolean; readonly top: number },
): string {
  if (format === 'json') return scoreJson(report, perExample);
  return format === 'csv' ? scoreCsv(report) : scoreTable(report, top);
}
