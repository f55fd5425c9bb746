import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec } from '@layersense/contracts';
import { connectDatabase } from '@layersense/database';
import { SpillFolders, WarmCompute } from '@layersense/scoring';
import { freshDatabase, prometheusSamples, startHubServer } from '@layersense/testing';
import { afterEach, expect, it } from 'vitest';
import { runStoredJobs } from '../stored/stored-job.js';
import { WorkerMetrics } from './worker-metrics.js';

const checkpoint = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/llama-tied', import.meta.url),
);

const LOOKUPS = /^layersense_cache_lookups_total\{cache="(\w+)",result="(\w+)"\}$/;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

it.skipIf(process.platform !== 'linux')(
  'counts what is found of runs, files and sessions',
  async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'layersense-lookups-'));
    const server = await startHubServer({ models: { 'ada/tied': checkpoint } });
    const fresh = await freshDatabase();
    const database = connectDatabase(fresh.url);
    const metrics = new WorkerMetrics();
    const compute = new WarmCompute((found) => metrics.countLookup('session', found));
    cleanups.push(
      () => compute.stop(),
      () => database.close(),
      () => fresh.drop(),
      () => server.close(),
      () => rm(scratch, { recursive: true }),
    );
    const dataset = join(scratch, 'examples.jsonl');
    await writeFile(dataset, JSON.stringify({ input_ids: [1, 2, 3, 4] }));
    const params = { examples: 1, plan: 'whole' };
    const spec = JobSpec.parse({
      model: 'ada/tied',
      method: 'fisher',
      dataset,
      device: 'cpu',
      params,
    });
    const runJob = runStoredJobs(
      database,
      {
        allowedRoots: [scratch],
        hub: { endpoint: server.endpoint, cacheFolder: join(scratch, 'hub'), offline: false },
        compute,
        threads: 1,
      },
      new SpillFolders(join(scratch, 'spill')),
      metrics,
    );
    /** One job; returns the lookups so far. */
    const lookupsAfter = async ({ force }: { force: boolean }) => {
      const { id } = await database.jobs.create({ spec, metadata: {}, force });
      const job = await database.jobs.transitions.start(id, { workerId: 'w' });
      if (!job) throw new Error('the job was queued');
      await runJob({ jobId: id }, { job, signal: new AbortController().signal });
      const samples = prometheusSamples(await metrics.registry.metrics());
      return Object.fromEntries(
        [...samples].flatMap(([name, value]) => {
          const [, cache, result] = LOOKUPS.exec(name) ?? [];
          return cache ? [[`${cache} ${result}`, value]] : [];
        }),
      );
    };

    const first = await lookupsAfter({ force: false });
    const files = first['model_file miss'] ?? 0;
    expect(files).toBeGreaterThan(1);
    const none = { 'run hit': 0, 'model_file hit': 0, 'session hit': 0 };
    expect(first).toEqual({ ...none, 'run miss': 1, 'model_file miss': files, 'session miss': 1 });
    // Who forces a job looks for no run.
    const forced = await lookupsAfter({ force: true });
    expect(forced).toEqual({ ...first, 'model_file hit': files, 'session hit': 1 });
    const equal = await lookupsAfter({ force: false });
    expect(equal).toEqual({ ...forced, 'run hit': 1, 'model_file hit': 2 * files });
  },
);
