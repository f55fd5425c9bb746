import { readLines } from './read-lines.js';
import { describe, malformedRow, type Row } from './row.js';

/**
 * The objects of a JSON Lines file; blank lines are skipped.
 *
 * @throws LayersenseError `dataset_malformed` naming the file and the line
 */
export async function* readJsonlRows(file: string): AsyncGenerator<Row> {
  for await (const line of readLines(file)) {
    if (line.text.trim() === '') continue;
    const place = { file, unit: 'line', number: line.number } as const;
    const values = parse(line.text, place);
    if (!isObject(values)) {
      throw malformedRow(place, `expected a JSON object, found ${describe(values)}.`);
    }
    yield { ...place, values, keys: Object.keys(values) };
  }
}

function parse(text: string, place: Pick<Row, 'file' | 'unit' | 'number'>): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformedRow(place, `expected one JSON object per line (${reason}).`, { cause });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
