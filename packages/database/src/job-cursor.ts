import { createHash } from 'node:crypto';
import { LayersenseError, type ListJobsQuery } from '@layersense/contracts';

/** Where a page of jobs ends: the last job on it. */
export interface JobPosition {
  readonly created_at: Date;
  readonly id: string;
}

type Filters = Pick<ListJobsQuery, 'status' | 'model' | 'method'>;

const CURSOR = /^(\d{1,15})\.([0-9a-f-]{36})\.([0-9a-f]{16})$/;

/** Opaque to callers, and only good for the filters of the list it came from. */
export function encodeJobCursor({ created_at, id }: JobPosition, filters: Filters): string {
  return Buffer.from(`${created_at.getTime()}.${id}.${fingerprint(filters)}`).toString('base64url');
}

/** @throws invalid_request when the cursor is not one, or is of a list with other filters */
export function decodeJobCursor(cursor: string, filters: Filters): JobPosition {
  const match = CURSOR.exec(Buffer.from(cursor, 'base64url').toString());
  const [, time, id, of] = match ?? [];
  if (time === undefined || id === undefined || of !== fingerprint(filters)) {
    throw new LayersenseError(
      'invalid_request',
      'The cursor does not belong to this list. Pass next_cursor of the page before, with the same status, model and method, or no cursor to begin again.',
      { cursor },
    );
  }
  return { created_at: new Date(Number(time)), id };
}

function fingerprint({ status, model, method }: Filters): string {
  const text = JSON.stringify([status ?? null, model ?? null, method ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
