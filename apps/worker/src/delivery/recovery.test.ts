import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '@layersense/contracts';
import { alive, childrenOf, killed, nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { queueBackends } from '../test-support/queue-backends.js';
import { until } from '../test-support/until.js';
import {
  computedAlone,
  demoJob,
  scoresByParameter,
  WorkerFleet,
} from '../test-support/worker-fleet.js';

/** Long enough to be interrupted: one session and one example per batch. */
const spec = demoJob({ examples: 60, batch_size: 1 });

describe.skipIf(process.platform !== 'linux')('a real job', () => {
  describe.each(nonEmpty(queueBackends))('on $backend', (backend) => {
    const { available } = backend;
    const fleet = new WorkerFleet(backend, 'recovery');

    const whenJob = (id: string, what: string, holds: (job: Job) => boolean) =>
      fleet.whenJob(id, what, holds);
    const examplesDone = (job: Job) =>
      job.progress?.phase === 'computing' ? job.progress.done : 0;

    it.skipIf(!available)('ends with the same scores after kill -9 in its middle', async () => {
      const id = await fleet.submit(spec);
      const victim = fleet.startWorker();
      await whenJob(id, 'a fifth is done', (job) => examplesDone(job) >= 12);
      const orphans = childrenOf(victim.pid);
      expect(orphans.length).toBeGreaterThan(0);
      await killed(victim);
      const interrupted = await fleet.database.jobs.batches.load(id);
      expect(interrupted.length).toBeGreaterThanOrEqual(12);
      expect(interrupted.length).toBeLessThan(60);
      await until(
        'its compute process is gone',
        () => Promise.resolve(orphans.some(alive)),
        (any) => !any,
      );

      fleet.startWorker();
      const job = await whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');
      // More than two where the machine is so busy that a lock is renewed too late.
      expect(job.attempt).toBeGreaterThanOrEqual(2);
      const stored = await fleet.database.runs.report(job.run_id ?? '', { perExample: true });
      const undisturbed = await computedAlone(spec);
      expect(stored.run.identity).toBe(undisturbed.run.identity);
      expect(scoresByParameter(stored)).toEqual(scoresByParameter(undisturbed));
    });

    it.skipIf(!available)('on the streamed plan goes on at the step it was at', async () => {
      const streamed = demoJob({ examples: 6, batch_size: 1, plan: 'streamed' });
      const id = await fleet.submit(streamed);
      const victim = fleet.startWorker();
      const journal = () => stepsInJournal(fleet.spillFolder, id);
      await until('it has come far', journal, (steps) => steps >= 12);
      await killed(victim);
      const steps = await journal();

      fleet.startWorker();
      const job = await whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');
      const stored = await fleet.database.runs.report(job.run_id ?? '', { perExample: true });
      const resumed = /went on after (\d+) finished steps/.exec(stored.run.plan_reason ?? '');
      expect(Number(resumed?.[1])).toBe(steps);
      expect(scoresByParameter(stored)).toEqual(scoresByParameter(await computedAlone(streamed)));
      await until(
        'its folder is gone',
        () => readdir(fleet.spillFolder),
        (names) => names.length === 0,
      );
    });

    it.skipIf(!available)(
      'is canceled long before its end, and its compute process gone',
      async () => {
        const id = await fleet.submit(spec);
        const worker = fleet.startWorker();
        await whenJob(id, 'it computes', (job) => examplesDone(job) >= 1);
        const children = childrenOf(worker.pid);
        expect(children.length).toBeGreaterThan(0);
        await fleet.database.jobs.transitions.requestCancel(id);
        const canceled = await until(
          'it is canceled',
          () => fleet.database.jobs.get(id),
          ({ status }) => status === 'canceled',
        );
        expect(canceled.run_id).toBeNull();
        expect(examplesDone(canceled)).toBeGreaterThan(0);
        expect(examplesDone(canceled)).toBeLessThan(60);
        expect(children.filter(alive)).toEqual([]);
        expect(worker.exitCode).toBeNull();
      },
    );
  });
});

async function stepsInJournal(spillFolder: string, jobId: string): Promise<number> {
  const [folder] = (await readdir(spillFolder)).filter((name) => name.startsWith(jobId));
  const journal = folder && join(spillFolder, folder, 'steps.journal');
  if (!journal) return 0;
  const text = await readFile(journal, 'utf8').catch(() => '');
  // The first line says what the journal belongs to.
  return Math.max(0, text.split('\n').length - 2);
}
