import type { RawExample } from '../raw-example.js';
import { describe, malformedRow, type Row } from './row.js';

type TokenExample = Extract<RawExample, { kind: 'tokens' }>;

/** Whether the row has a value in `column`: files write null for none. */
export function hasValue(row: Row, column: string): boolean {
  const value = row.values[column];
  return value !== undefined && value !== null;
}

/**
 * The row's list in `column`, with an element for each of the example's tokens, as it was before
 * anything was cut from it. Parquet's int64 become numbers. Undefined where the row has none.
 *
 * @param refuse makes the error; `dataset_malformed` by default
 * @throws LayersenseError where it is no list, of another length, or stands beside a text
 */
export function perTokenValues(
  row: Row,
  example: RawExample,
  column: string,
  refuse: (row: Row, problem: string) => Error = malformedRow,
): readonly unknown[] | undefined {
  if (!hasValue(row, column)) return undefined;
  const { length } = tokensBeside(row, example, column, refuse).inputIds;
  const value = row.values[column];
  if (!Array.isArray(value)) {
    throw refuse(row, `"${column}" has ${describe(value)} for ${length} "input_ids".`);
  }
  if (value.length !== length) {
    throw refuse(row, `"${column}" has ${value.length} elements for ${length} "input_ids".`);
  }
  return value.map((each: unknown) => (typeof each === 'bigint' ? Number(each) : each));
}

function tokensBeside(
  row: Row,
  example: RawExample,
  column: string,
  refuse: (row: Row, problem: string) => Error,
): TokenExample {
  if (example.kind === 'tokens') return example;
  throw refuse(
    row,
    `"${column}" has an element for every token, and stands beside a "text" whose tokens the file does not say. Give "input_ids" in the place of "text", or leave "${column}" out.`,
  );
}
