import type { ChildProcess } from 'node:child_process';
import type { Job, JobEvent, ScoreReport } from '@layersense/contracts';
import type { NewJob } from '@layersense/database';
import { killed, nonEmpty } from '@layersense/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { queueBackends } from '../test-support/queue-backends.js';
import { until } from '../test-support/until.js';
import {
  computedAlone,
  scoresByParameter,
  smallJob,
  WorkerFleet,
} from '../test-support/worker-fleet.js';
import { waitsForJobs } from '../test-support/worker-process.js';

/** Two batches to each shard, of several shapes, one of which is not full. */
const spec = smallJob({ examples: 16, batch_size: 3, plan: 'whole' });

describe.skipIf(process.platform !== 'linux')('a job over three workers', () => {
  let undisturbed: Promise<ScoreReport>;
  beforeAll(() => {
    undisturbed = computedAlone(spec);
  });

  describe.each(nonEmpty(queueBackends))('on $backend', (backend) => {
    const { available } = backend;
    const fleet = new WorkerFleet(backend, 'sharding');

    async function startWorkers(
      count: number,
      environment: Readonly<Record<string, string>> = {},
    ): Promise<ChildProcess[]> {
      const started = Array.from({ length: count }, () => fleet.startWorker(environment));
      await Promise.all(started.map(waitsForJobs));
      return started;
    }

    const submit = (how: Partial<NewJob> = {}) => fleet.submit(spec, { shards: 3, ...how });
    const eventsOf = async (id: string, type: JobEvent['type']) =>
      (await fleet.database.jobs.events.list(id)).filter((event) => event.type === type);
    const ended = (id: string) =>
      fleet.whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');
    /** Each by a worker of its own, while batches are held. */
    const whenAllStarted = (id: string) =>
      until(
        'every shard is started',
        () => eventsOf(id, 'shard_started'),
        (started) => started.length >= 3,
      );

    async function expectSame({ run_id }: Job): Promise<ScoreReport> {
      const stored = await fleet.database.runs.report(run_id ?? '', { perExample: true });
      const alone = await undisturbed;
      expect(stored.run.identity).toBe(alone.run.identity);
      expect(stored.run.example_losses).toEqual(alone.run.example_losses);
      expect(scoresByParameter(stored)).toEqual(scoresByParameter(alone));
      return stored;
    }

    it.skipIf(!available)('has the very values of one worker', async () => {
      await startWorkers(3, { LOCK_SECONDS: '300' });
      const held = await fleet.holdBatches(0);
      const id = await submit();
      const started = await whenAllStarted(id);
      await held.release();
      const { run } = await expectSame(await ended(id));
      expect(started.map(({ data }) => data.shard).sort()).toEqual([0, 1, 2]);
      expect(new Set(started.map(({ data }) => data.worker_id)).size).toBe(3);
      expect(await eventsOf(id, 'shard_started')).toEqual(started);
      expect(run).toMatchObject({ device: 'cpu', plan: 'whole', arithmetic: 'float32' });
      expect(run.plan_reason).toContain('3 computations on cpu');

      const again = await submit({ force: false });
      expect(await ended(again)).toMatchObject({ cached: true, run_id: run.id });
      expect(await eventsOf(again, 'shard_succeeded')).toEqual([]);
    });

    it.skipIf(!available)('goes on after kill -9 of one and SIGTERM of another', async () => {
      const [victim, leaver] = await startWorkers(3);
      if (!victim || !leaver) throw new Error('there is no worker');
      const held = await fleet.holdBatches(1);
      const id = await submit();
      const [first] = await fleet.whenStored(id, 1);
      await whenAllStarted(id);
      leaver.kill('SIGTERM');
      await killed(victim);
      await held.release();
      expect(await fleet.database.jobs.batches.load(id)).toContainEqual(first);
      await startWorkers(1);
      await expectSame(await ended(id));
      // Those of the two that are gone were started again.
      expect((await eventsOf(id, 'shard_started')).length).toBeGreaterThanOrEqual(5);
    });
  });
});
