import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, ScoreReport } from '@layersense/contracts';
import { alive, childrenOf, killed, nonEmpty } from '@layersense/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { queueBackends } from '../test-support/queue-backends.js';
import { until } from '../test-support/until.js';
import {
  computedAlone,
  scoresByParameter,
  smallJob,
  WorkerFleet,
} from '../test-support/worker-fleet.js';

/** One example per batch. */
const EXAMPLES = 6;
const spec = smallJob({ examples: EXAMPLES, batch_size: 1 });
const [postgres] = nonEmpty(queueBackends);

const hasSucceeded = ({ status }: Job) => status === 'succeeded';
const areGone = (processes: readonly number[]) =>
  until(
    'its processes are gone',
    async () => processes.filter(alive),
    (left) => left.length === 0,
  );

/** What is stored of a job has every bit that one undisturbed process computes. */
async function expectSame({ database }: WorkerFleet, job: Job, undisturbed: ScoreReport) {
  const stored = await database.runs.report(job.run_id ?? '', { perExample: true });
  expect(stored.run.identity).toBe(undisturbed.run.identity);
  expect(scoresByParameter(stored)).toEqual(scoresByParameter(undisturbed));
  return stored;
}

describe.skipIf(process.platform !== 'linux')('a real job', () => {
  let undisturbed: Promise<ScoreReport>;
  beforeAll(() => {
    undisturbed = computedAlone(spec);
  });

  describe.each(nonEmpty(queueBackends))('on $backend', (backend) => {
    const { available } = backend;
    const fleet = new WorkerFleet(backend, 'recovery');

    it.skipIf(!available)('ends with the same scores after kill -9 in its middle', async () => {
      const held = await fleet.holdBatches(EXAMPLES / 2);
      const id = await fleet.submit(spec);
      const victim = fleet.startWorker();
      await fleet.whenStored(id, EXAMPLES / 2);
      const orphans = childrenOf(victim.pid);
      expect(orphans.length).toBeGreaterThan(0);
      await killed(victim);
      await held.refuse();
      expect(await fleet.database.jobs.batches.load(id)).toHaveLength(EXAMPLES / 2);
      await areGone(orphans);

      fleet.startWorker();
      const job = await fleet.whenJob(id, 'the job has ended', hasSucceeded);
      // More than two where the machine is so busy that a lock is renewed too late.
      expect(job.attempt).toBeGreaterThanOrEqual(2);
      await expectSame(fleet, job, await undisturbed);
    });

    it.skipIf(!available)(
      'is canceled long before its end, and its compute process gone',
      async () => {
        const held = await fleet.holdBatches(1);
        const id = await fleet.submit(spec);
        const worker = fleet.startWorker();
        await fleet.whenStored(id, 1);
        const children = childrenOf(worker.pid);
        expect(children.length).toBeGreaterThan(0);
        await fleet.database.jobs.transitions.requestCancel(id);
        // While it waits to store its second batch.
        await areGone(children);
        await held.release();
        const isCanceled = ({ status }: Job) => status === 'canceled';
        const canceled = await fleet.whenJob(id, 'it is canceled', isCanceled);
        expect(canceled.run_id).toBeNull();
        expect(worker.exitCode).toBeNull();
      },
    );
  });

  describe('on the streamed plan', () => {
    const fleet = new WorkerFleet(postgres, 'recovery');

    it('goes on at the step it was at', async () => {
      const streamed = smallJob({ examples: EXAMPLES, batch_size: 1, plan: 'streamed' });
      const held = await fleet.holdBatches(0);
      const id = await fleet.submit(streamed);
      const victim = fleet.startWorker();
      const journal = () => stepsInJournal(fleet.spillFolder, id);
      await until('it has come far', journal, (steps) => steps >= 12);
      await killed(victim);
      await held.refuse();
      const steps = await journal();

      fleet.startWorker();
      const job = await fleet.whenJob(id, 'the job has ended', hasSucceeded);
      const { run } = await expectSame(fleet, job, await computedAlone(streamed));
      const resumed = /went on after (\d+) finished steps/.exec(run.plan_reason ?? '');
      expect(Number(resumed?.[1])).toBe(steps);
      await until(
        'its folder is gone',
        () => readdir(fleet.spillFolder),
        (names) => names.length === 0,
      );
    });
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
