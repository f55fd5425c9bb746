import type { Report, ReportFormat } from './report-format.js';

/**
 * The report as one JSON document with one score a line, so that it can be grepped and compared. The
 * service answers the same document through the schemas of its routes, on one line.
 */
export const json: ReportFormat = {
  name: 'json',
  summary: 'the whole report as JSON: {"run": {…}, "scores": […]}',
  mediaType: 'application/json',
  extension: '.json',
  lineEnd: '\n',
  readBy: 'programs',
  holdsExamples: true,
  lines: documentLines,
};

async function* documentLines({ run, scores }: Report): AsyncGenerator<string> {
  yield '{';
  yield `"run": ${JSON.stringify(run, null, 2)},`;
  yield '"scores": [';
  // The last one has no comma behind it, so each waits for the next.
  let waiting: string | undefined;
  for await (const score of scores) {
    if (waiting !== undefined) yield `${waiting},`;
    waiting = JSON.stringify(score);
  }
  yield waiting ?? '';
  yield ']}';
}
