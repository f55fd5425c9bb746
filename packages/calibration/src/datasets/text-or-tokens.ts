import { MAX_TOKEN_ID, type RawExample } from '../raw-example.js';
import { describe, malformedRow, type Row, type RowRule, stringOf } from './row.js';

const fields = ['text', 'input_ids'] as const;

/**
 * The rule for a user's own file: every row has `text` (a string) or every row has `input_ids`
 * (non-negative integers). One rule object reads one dataset, because it
 * remembers which of the two came first.
 */
export function textOrTokens(): RowRule {
  let expected: (typeof fields)[number] | undefined;
  return {
    columns: fields,
    toExample(row) {
      const [field, other] = fields.filter((name) => row.values[name] !== undefined);
      if (field === undefined || other !== undefined) {
        const found = other === undefined ? `neither${instead(row)}` : 'both';
        throw malformedRow(
          row,
          `expected either {"text": string} or {"input_ids": [integers]}, found ${found}.`,
        );
      }
      expected ??= field;
      if (field !== expected) {
        throw malformedRow(row, `found "${field}" where the rows before have "${expected}".`);
      }
      return field === 'text' ? { kind: 'text', text: stringOf(row, 'text') } : tokensOf(row);
    },
  };
}

/** What a row without text and tokens has, for the message. */
function instead({ keys }: Row): string {
  const shown = keys.slice(0, 8).map((key) => JSON.stringify(key));
  return shown.length === 0 ? '' : ` among ${shown.join(', ')}${keys.length > 8 ? ', …' : ''}`;
}

function tokensOf(row: Row): RawExample {
  return { kind: 'tokens', inputIds: integersOf(row, 'input_ids') };
}

/**
 * The row's list of non-negative integers in `column`.
 *
 * @throws LayersenseError `dataset_malformed`
 */
export function integersOf(row: Row, column: string): readonly number[] {
  const value = row.values[column];
  if (!Array.isArray(value)) {
    throw malformedRow(
      row,
      `expected an array of integers in "${column}", found ${describe(value)}.`,
    );
  }
  return value.map((id, position) => tokenId(row, column, id, position));
}

/** Parquet's int64 columns hold bigints. */
function tokenId(row: Row, column: string, value: unknown, position: number): number {
  const id = typeof value === 'bigint' ? Number(value) : value;
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_TOKEN_ID) return id;
  throw malformedRow(
    row,
    `"${column}"[${position}] is ${describe(value)}; expected an integer from 0 to ${MAX_TOKEN_ID}.`,
  );
}
