import { csvLine } from './csv-line.js';
import { flatFormat } from './flat-format.js';

/** A record for each score under a header (RFC 4180), with every digit of the values. */
export const csv = flatFormat(
  {
    name: 'csv',
    summary: 'the scores as CSV under a header',
    mediaType: 'text/csv',
    extension: '.csv',
    lineEnd: '\r\n',
    holdsExamples: false,
  },
  async function* (columns, rows) {
    yield csvLine(columns.map(([name]) => name));
    for await (const row of rows) yield csvLine(columns.map(([, cellOf]) => cellOf(row)));
  },
);
