import { createHash } from 'node:crypto';
import { canonicalJson, LayersenseError } from '@layersense/contracts';

/** Where a page of a list ends: its last row. */
export interface Position {
  readonly created_at: Date;
  readonly id: string;
}

/** What a list is of; a cursor is good for a list of the same alone. */
export interface ListOf {
  readonly list: 'jobs' | 'runs' | 'models' | 'datasets';
  readonly [filter: string]: unknown;
}

export interface Page<Row> {
  readonly object: 'list';
  readonly data: Row[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

const CURSOR = /^(\d{1,15})\.([0-9a-f-]{1,36})\.([0-9a-f]{16})$/;

/** @throws invalid_request when the cursor is not one, or is of a list with other filters */
export function decodeCursor(cursor: string, of: ListOf): Position {
  const match = CURSOR.exec(Buffer.from(cursor, 'base64url').toString());
  const [, time, id, fingerprint] = match ?? [];
  if (time === undefined || id === undefined || fingerprint !== fingerprintOf(of)) {
    throw new LayersenseError(
      'invalid_request',
      'The cursor does not belong to this list. Pass next_cursor of the page before, with the same filters, or no cursor to begin again.',
      { cursor },
    );
  }
  return { created_at: new Date(Number(time)), id };
}

/** The page of `limit` rows out of one row more, which tells whether there is a next one. */
export function pageOf<Row extends Position>(
  rows: readonly Row[],
  limit: number,
  of: ListOf,
): Page<Row> {
  const data = rows.slice(0, limit);
  const last = rows.length > limit ? data.at(-1) : undefined;
  return {
    object: 'list',
    data,
    has_more: last !== undefined,
    next_cursor: last === undefined ? null : encodeCursor(last, of),
  };
}

/** The cursor is opaque to callers, and only good for the filters of the list it came from. */
function encodeCursor({ created_at, id }: Position, of: ListOf): string {
  return Buffer.from(`${created_at.getTime()}.${id}.${fingerprintOf(of)}`).toString('base64url');
}

function fingerprintOf(of: ListOf): string {
  return createHash('sha256').update(canonicalJson(of)).digest('hex').slice(0, 16);
}
