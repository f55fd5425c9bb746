import { readLines } from './read-lines.js';
import type { Row } from './row.js';

/**
 * The paragraphs of a plain text file as rows `{ text }`: a paragraph is a run of lines without a
 * blank one between them, joined by `\n`. `number` is the line it starts on.
 */
export async function* readParagraphRows(file: string): AsyncGenerator<Row> {
  let lines: string[] = [];
  let start = 1;
  const paragraph = (): Row => ({
    values: { text: lines.join('\n') },
    keys: ['text'],
    file,
    unit: 'line',
    number: start,
  });
  for await (const line of readLines(file)) {
    if (line.text.trim() !== '') {
      if (lines.length === 0) start = line.number;
      lines.push(line.text);
    } else if (lines.length > 0) {
      yield paragraph();
      lines = [];
    }
  }
  if (lines.length > 0) yield paragraph();
}
