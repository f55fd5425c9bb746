import { flatFormat } from './flat-format.js';

/** A JSON document for each score, with all that the score has. */
export const ndjson = flatFormat(
  {
    name: 'ndjson',
    summary: 'one score a line as JSON, without the run',
    mediaType: 'application/x-ndjson',
    extension: '.ndjson',
    lineEnd: '\n',
    holdsExamples: true,
  },
  async function* (_columns, rows) {
    for await (const row of rows) yield JSON.stringify(row);
  },
);
