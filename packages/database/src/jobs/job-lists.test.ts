import type { ListJobsQuery } from '@layersense/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherSpec } from '../test-support/test-reports.js';

let database: TestDatabase;
const created: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  for (let index = 0; index < 11; index++) {
    const spec = fisherSpec(index % 2 === 0 ? 'even' : 'odd');
    created.push((await database.jobs.create({ spec, metadata: {} })).id);
  }
});
afterAll(() => database.close());

async function pages(query: Omit<ListJobsQuery, 'cursor'>): Promise<string[][]> {
  const found: string[][] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await database.jobs.list({ ...query, ...(cursor ? { cursor } : {}) });
    found.push(page.data.map(({ id }) => id));
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

it('pages from the newest to the oldest, each job once', async () => {
  const found = await pages({ limit: 4 });
  expect(found.map(({ length }) => length)).toEqual([4, 4, 3]);
  expect(found.flat()).toEqual([...created].reverse());
});

it('says that there is no more when a page is just filled', async () => {
  expect(await database.jobs.list({ limit: 11 })).toMatchObject({ has_more: false });
});

it('orders jobs of one millisecond by their ids', async () => {
  await Promise.all(
    Array.from({ length: 12 }, () =>
      database.jobs.create({ spec: fisherSpec('burst'), metadata: {} }),
    ),
  );
  const found = (await pages({ model: 'burst', limit: 5 })).flat();
  expect(new Set(found).size).toBe(12);
});

it('filters by status, model and method', async () => {
  const even = created.filter((_, index) => index % 2 === 0).reverse();
  expect((await pages({ model: 'even', limit: 2 })).flat()).toEqual(even);
  await database.jobs.transitions.start(even[0] ?? '', { workerId: 'w' });
  expect((await pages({ status: 'running', limit: 50 })).flat()).toEqual([even[0]]);
  expect((await pages({ method: 'magnitude', limit: 50 })).flat()).toEqual([]);
});

it('is not moved by jobs that arrive between two pages', async () => {
  const first = await database.jobs.list({ model: 'odd', limit: 2 });
  await database.jobs.create({ spec: fisherSpec('odd'), metadata: {} });
  const second = await database.jobs.list({
    model: 'odd',
    limit: 2,
    cursor: first.next_cursor ?? '',
  });
  const odd = created.filter((_, index) => index % 2 === 1).reverse();
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(odd.slice(0, 4));
});

it('refuses a cursor of another list, and what is no cursor', async () => {
  const { next_cursor } = await database.jobs.list({ model: 'even', limit: 2 });
  for (const query of [
    { model: 'odd', limit: 2, cursor: next_cursor ?? '' },
    { limit: 2, cursor: next_cursor ?? '' },
    { limit: 2, cursor: 'nonsense' },
    { limit: 2, cursor: '' },
  ]) {
    await expect(database.jobs.list(query)).rejects.toMatchObject({ code: 'invalid_request' });
  }
});

it('counts jobs by status, and tells how long the oldest has waited', async () => {
  const counts = await database.jobs.statistics.countByStatus();
  expect(counts).toMatchObject({ running: 1, succeeded: 0, canceled: 0 });
  expect(counts.queued).toBeGreaterThan(20);
  expect(await database.jobs.statistics.oldestQueuedSeconds()).toBeGreaterThan(0);
});
