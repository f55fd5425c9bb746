import { csv } from './csv.js';
import { json } from './json.js';
import { ndjson } from './ndjson.js';
import type { ReportFormat } from './report-format.js';
import { table } from './table/table.js';

/**
 * Every format that reports are written in: the flags and file extensions of the command line and the
 * media types of the service follow from it. The first is answered where a request asks for none.
 */
export const reportFormats: readonly ReportFormat[] = [json, csv, ndjson, table];
