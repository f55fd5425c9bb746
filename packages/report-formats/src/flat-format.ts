import type { LayerScore, StoredScore } from '@layersense/contracts';
import { layerScoreColumns } from './layer-score-columns.js';
import type { RecordColumn } from './record-column.js';
import type { Report, ReportFormat } from './report-format.js';
import { storedScoreColumns } from './stored-score-columns.js';

type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

/** A format of one record for each score, whether these are of one report or of many runs. */
export function flatFormat(
  format: Omit<ReportFormat, 'readBy' | 'lines' | 'listLines'>,
  records: <Row extends object>(
    columns: readonly RecordColumn<Row>[],
    rows: Rows<Row>,
  ) => AsyncIterable<string>,
): ReportFormat {
  return {
    ...format,
    readBy: 'programs',
    lines: (report) => records(layerScoreColumns(report.metrics), rowsOf(report)),
    listLines: (scores) => records<StoredScore>(storedScoreColumns, scores),
  };
}

/** Every score says of which run it is, as far as there is one. */
async function* rowsOf({ run, scores }: Report): AsyncGenerator<LayerScore & { run_id?: string }> {
  for await (const score of scores) yield run === null ? score : { run_id: run.id, ...score };
}
