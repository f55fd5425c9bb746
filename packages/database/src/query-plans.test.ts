import { setTimeout as sleep } from 'node:timers/promises';
import { ScoresQuery } from '@layersense/contracts';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase } from './connect-database.js';
import { openTestDatabase, type TestDatabase } from './test-support/test-database.js';
import { fisherReport, fisherSpec } from './test-support/test-reports.js';

const RUNS = 300;
const LAYERS = 254;

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await openTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
  await fill();
});
afterAll(async () => {
  await client.end();
  await database.close();
});

/** One run and one job through the repositories, and copies of them until an index is worth it. */
async function fill(): Promise<void> {
  const layers = Array.from({ length: LAYERS }, (_, i) => ({
    parameter: `l${i}.weight`,
    sum: i + 1,
  }));
  const run = await database.runs.save(fisherReport(layers));
  await database.jobs.create({ spec: fisherSpec(), metadata: {} });
  const id = run.id.replace('run_', '');
  const columns = async (table: string, left: readonly string[]) => {
    const { rows } = await client.query<{ column_name: string }>(
      'SELECT column_name FROM information_schema.columns WHERE table_name = $1',
      [table],
    );
    return rows.map((row) => row.column_name).filter((name) => !left.includes(name));
  };
  const runColumns = (await columns('run', ['id', 'dataset_id'])).join(', ');
  const scoreColumns = (await columns('layer_score', ['run_id'])).join(', ');
  const jobColumns = (await columns('job', ['id', 'created_at'])).join(', ');
  await client.query(
    `INSERT INTO dataset (name) SELECT 'set-' || i FROM generate_series(1, ${RUNS}) i`,
  );
  await client.query(
    `INSERT INTO run (id, dataset_id, ${runColumns})
     SELECT gen_random_uuid(), dataset.id, ${runColumns.replaceAll(/(\w+)/g, 'run.$1')}
     FROM run CROSS JOIN dataset WHERE run.id = $1 AND dataset.name LIKE 'set-%'`,
    [id],
  );
  await client.query(
    `INSERT INTO layer_score (run_id, ${scoreColumns})
     SELECT run.id, ${scoreColumns.replaceAll(/(\w+)/g, 'layer_score.$1')}
     FROM layer_score CROSS JOIN run WHERE layer_score.run_id = $1 AND run.id <> $1`,
    [id],
  );
  await client.query(
    `INSERT INTO job (id, created_at, ${jobColumns})
     SELECT gen_random_uuid(), now() - i * interval '1 s', ${jobColumns.replaceAll(/(\w+)/g, 'job.$1')}
     FROM job CROSS JOIN generate_series(1, 5000) i`,
  );
  await client.query('ANALYZE');
}

/** How often each table was read from end to end. A connection tells of its own when it is asked to. */
async function wholeReads(): Promise<Record<string, number>> {
  await client.query('SELECT pg_stat_force_next_flush()');
  await sleep(500);
  const { rows } = await client.query<{ relname: string; scans: string }>(
    `SELECT relname, seq_scan AS scans FROM pg_stat_user_tables
     WHERE relname IN ('layer_score', 'job')`,
  );
  return Object.fromEntries(rows.map(({ relname, scans }) => [relname, Number(scans)]));
}

it('reads no table of scores or jobs from end to end to answer a request', async () => {
  const before = await wholeReads();
  const asked = connectDatabase(database.url);
  const [newest] = (await asked.jobs.list({ limit: 20 })).data;
  await asked.jobs.get(newest?.id ?? '');
  await asked.jobs.list({ limit: 20, status: 'queued' });
  await asked.jobs.list({ limit: 20, model: 'nothing' });
  const filters = { dataset: 'set-7', model: 'test/model' };
  const top = await asked.scores.query(ScoresQuery.parse({ ...filters, top: 10 }));
  expect(top).toHaveLength(10);
  const all = await asked.scores.query(ScoresQuery.parse(filters));
  expect(all).toHaveLength(LAYERS);
  await asked.scores.query(ScoresQuery.parse({ ...filters, layer: 'l1*' }));
  await asked.runs.report(all[0]?.run_id ?? '', { perExample: true });
  // A connection that ends tells what it has read.
  await asked.close();
  expect(await wholeReads()).toEqual(before);
});

it('sees a table that is read from end to end', async () => {
  const before = await wholeReads();
  await client.query('SELECT count(value) FROM layer_score');
  expect((await wholeReads()).layer_score).toBeGreaterThan(before.layer_score ?? 0);
});
