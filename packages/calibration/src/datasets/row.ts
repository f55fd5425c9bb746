import { LayersenseError } from '@layersense/contracts';
import type { RawExample } from '../raw-example.js';

/** One record of a dataset file, with the place that an error message names. */
export interface Row {
  /** The columns that were asked for, at least. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of all columns, read or not. */
  readonly keys: readonly string[];
  readonly file: string;
  readonly unit: 'line' | 'row';
  /** Counts from 1. */
  readonly number: number;
}

/** Which columns of a file make an example, and how. `undefined` leaves the row out. */
export interface RowRule {
  /** One of these at least a file must have. */
  readonly columns: readonly string[];
  /** What a row may have beside. */
  readonly optional?: readonly string[];
  toExample(row: Row): RawExample | undefined;
}

export function malformedRow(
  row: Pick<Row, 'file' | 'unit' | 'number'>,
  problem: string,
  options?: ErrorOptions,
): LayersenseError {
  return new LayersenseError(
    'dataset_malformed',
    `${row.file}, ${row.unit} ${row.number}: ${problem}`,
    { file: row.file, [row.unit]: row.number },
    options,
  );
}

/**
 * The row's string in `column`.
 *
 * @throws LayersenseError `dataset_malformed` where it is absent, null or no string
 */
export function stringOf(row: Row, column: string): string {
  const value = row.values[column];
  if (typeof value === 'string') return value;
  const found = value === undefined ? 'it is absent' : `found ${describe(value)}`;
  throw malformedRow(row, `expected a string in "${column}", ${found}.`);
}

export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}
