import { randomUUID } from 'node:crypto';
import {
  type JobStatus,
  jobSpecOf,
  LayersenseError,
  type Problem,
  type Progress,
  toProblem,
} from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherReport, fisherSpec } from '../test-support/test-reports.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const worker = { workerId: 'worker-1' };
const problem: Problem = toProblem(new LayersenseError('out_of_memory', 'It needs 9 GB.'));

async function createJob(): Promise<string> {
  return (await database.jobs.create({ spec: fisherSpec(), metadata: {} })).id;
}

async function saveRun(): Promise<string> {
  return (await database.runs.save(fisherReport([{ parameter: 'a.weight', sum: 1 }]))).id;
}

/** A new job taken to `status` by the calls that lead there. */
async function jobIn(status: JobStatus): Promise<string> {
  const { jobs } = database;
  const id = await createJob();
  if (status === 'queued') return id;
  await jobs.transitions.start(id, worker);
  if (status === 'canceling' || status === 'canceled') await jobs.transitions.requestCancel(id);
  if (status === 'canceled') await jobs.transitions.finishCancel(id);
  if (status === 'succeeded') await jobs.transitions.succeed(id, await saveRun());
  if (status === 'failed') await jobs.transitions.fail(id, problem);
  return id;
}

const statusOf = async (id: string) => (await database.jobs.get(id)).status;
const eventsOf = async (id: string) =>
  (await database.jobs.events.list(id)).map(({ type }) => type);

describe('creating and reading', () => {
  it('shows what was asked for', async () => {
    const { jobs } = database;
    const spec = fisherSpec('org/name');
    const job = await jobs.create({ spec, metadata: { team: 'quant' } });
    expect(job).toMatchObject({
      object: 'job',
      status: 'queued',
      attempt: 0,
      metadata: { team: 'quant' },
      request: { model: 'org/name', revision: null, dataset: { name: 'gsm8k' }, device: 'auto' },
      urls: { self: `/jobs/${job.id}` },
    });
    expect(await jobs.get(job.id)).toEqual(job);
    expect(jobSpecOf(await jobs.get(job.id))).toEqual(spec);
  });

  it.each(['job_nonsense', 'nonsense', `run_${randomUUID()}`, `job_${randomUUID()}`])(
    'knows no job %s',
    async (id) => {
      await expect(database.jobs.get(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(database.jobs.transitions.requestCancel(id)).rejects.toMatchObject({
        code: 'not_found',
      });
    },
  );

  it('refuses text that PostgreSQL cannot hold', async () => {
    const metadata = { note: 'a\0b' };
    await expect(database.jobs.create({ spec: fisherSpec(), metadata })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('transitions', () => {
  const reaches: Record<string, Partial<Record<JobStatus, JobStatus>>> = {
    start: { queued: 'running', running: 'running', canceling: 'canceled' },
    requestCancel: { queued: 'canceled', running: 'canceling' },
    finishCancel: { queued: 'canceled', canceling: 'canceled' },
    fail: { queued: 'failed', running: 'failed', canceling: 'failed' },
    succeed: { queued: 'succeeded', running: 'succeeded' },
    requeue: { running: 'queued' },
    retry: { failed: 'queued', canceled: 'queued' },
  };
  const statuses: JobStatus[] = [
    'queued',
    'running',
    'canceling',
    'succeeded',
    'failed',
    'canceled',
  ];
  async function invoke(call: string, id: string): Promise<unknown> {
    const { jobs } = database;
    if (call === 'start') return jobs.transitions.start(id, worker);
    if (call === 'requestCancel') return jobs.transitions.requestCancel(id);
    if (call === 'finishCancel') return jobs.transitions.finishCancel(id);
    if (call === 'fail') return jobs.transitions.fail(id, problem);
    if (call === 'succeed') return jobs.transitions.succeed(id, await saveRun());
    if (call === 'requeue') return jobs.transitions.requeue(id);
    return jobs.transitions.retry(id);
  }

  describe.each(Object.keys(reaches))('%s', (call) => {
    it.each(statuses)('on a job that is %s', async (from) => {
      const id = await jobIn(from);
      const before = await eventsOf(id);
      const refusal = await invoke(call, id).then(
        () => undefined,
        (error: LayersenseError) => error.code,
      );
      expect([undefined, 'job_finished', 'job_unfinished']).toContain(refusal);
      const expected = reaches[call]?.[from];
      expect(await statusOf(id)).toBe(expected ?? from);
      const written = (await eventsOf(id)).length - before.length;
      expect(written).toBe(expected === undefined ? 0 : 1);
    });
  });

  it.each([
    ['requestCancel', 'succeeded'],
    ['requestCancel', 'failed'],
    ['retry', 'succeeded'],
  ] as const)('%s says that a job has already %s', async (call, from) => {
    const id = await jobIn(from);
    await expect(invoke(call, id)).rejects.toMatchObject({ code: 'job_finished' });
  });

  it.each(['queued', 'running', 'canceling'] as const)(
    'retry says that a job is %s',
    async (from) => {
      const id = await jobIn(from);
      await expect(database.jobs.transitions.retry(id)).rejects.toMatchObject({
        code: 'job_unfinished',
      });
    },
  );

  it.each(['canceling', 'canceled'] as const)('canceling a %s job returns it', async (from) => {
    const id = await jobIn(from);
    const before = await database.jobs.get(id);
    expect(await database.jobs.transitions.requestCancel(id)).toEqual(before);
  });

  it('tells a worker of a cancel', async () => {
    const id = await jobIn('running');
    expect(await database.jobs.get(id)).toMatchObject({ cancel_requested_at: null });
    const asked = await database.jobs.transitions.requestCancel(id);
    expect(asked.cancel_requested_at).toEqual(expect.any(String));
    expect(await database.jobs.get(id)).toEqual(asked);
  });

  it('ends with what a file of the job makes an error say, NUL and halves of pairs among it', async () => {
    const id = await jobIn('running');
    const context = { tensor: '\0\ud800', axes: ['\0'] };
    const error = toProblem(
      new LayersenseError('dataset_malformed', 'line 2: "\0\ud800"', context),
    );
    expect(await database.jobs.transitions.fail(id, error)).toBe(true);
    expect((await database.jobs.get(id)).error).toEqual(error);
  });

  it('keeps the reason of a failure, and drops it on retry', async () => {
    const id = await jobIn('failed');
    expect((await database.jobs.get(id)).error).toEqual(problem);
    expect(await database.jobs.transitions.retry(id)).toMatchObject({
      error: null,
      finished_at: null,
      attempt: 0,
    });
  });

  it('numbers the events without gaps and replays them from any point', async () => {
    const id = await jobIn('canceled');
    const events = await database.jobs.events.list(id);
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'created'],
      [2, 'started'],
      [3, 'cancel_requested'],
      [4, 'canceled'],
    ]);
    expect(await database.jobs.events.list(id, 2)).toEqual(events.slice(2));
    expect(events[1]?.data).toEqual({ status: 'running', attempt: 1, worker_id: 'worker-1' });
  });
});

describe('races', () => {
  it('lets two workers begin one job, as attempts of their own', async () => {
    const id = await createJob();
    const both = await Promise.all([
      database.jobs.transitions.start(id, { workerId: 'a' }),
      database.jobs.transitions.start(id, { workerId: 'b' }),
    ]);
    expect(both.map((job) => job?.attempt).sort()).toEqual([1, 2]);
  });

  it('ends a job exactly once however many try', async () => {
    const id = await jobIn('running');
    const outcomes = await Promise.all([
      database.jobs.transitions.fail(id, problem),
      database.jobs.transitions
        .requeue(id)
        .then((done) => done && database.jobs.transitions.fail(id, problem)),
      database.jobs.transitions.fail(id, problem),
    ]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect((await eventsOf(id)).filter((type) => type === 'failed')).toHaveLength(1);
  });

  it('never lets a cancel and a success both happen', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await jobIn('running');
      const runId = await saveRun();
      const [saved, canceled] = await Promise.allSettled([
        database.jobs.transitions.succeed(id, runId),
        database.jobs.transitions.requestCancel(id),
      ]);
      expect([
        ['succeeded', { status: 'fulfilled', value: true }, 'rejected'],
        ['canceling', { status: 'fulfilled', value: false }, 'fulfilled'],
      ]).toContainEqual([await statusOf(id), saved, canceled.status]);
    }
  });
});

describe('progress', () => {
  const progress = {
    phase: 'computing',
    done: 3,
    total: 8,
    layer: 'model.layers.3',
    eta_seconds: 1.5,
  } as const;

  it('is kept while the job runs, and not after', async () => {
    const id = await jobIn('running');
    expect(await database.jobs.reportProgress(id, progress)).toBe(true);
    expect((await database.jobs.get(id)).progress).toEqual(progress);
    await database.jobs.transitions.fail(id, problem);
    expect(await database.jobs.reportProgress(id, { ...progress, done: 4 })).toBe(false);
    expect((await database.jobs.get(id)).progress).toEqual(progress);
  });

  it('of a row that an earlier release wrote has no layer', async () => {
    const id = await jobIn('running');
    const { layer: _, ...earlier } = progress;
    await database.jobs.reportProgress(id, earlier as Progress);
    expect((await database.jobs.get(id)).progress).toEqual({ ...earlier, layer: null });
    const change = (await database.jobs.events.changes(new Map([[id, 0]]))).get(id);
    expect(change?.progress).toEqual({ ...earlier, layer: null });
  });
});

describe('stale jobs', () => {
  it('are those that wait for longer than a time', async () => {
    const id = await createJob();
    const running = await jobIn('running');
    const staleAfter = async (seconds: number) =>
      (await database.jobs.findStaleQueued(seconds)).map((job) => job.id);
    expect(await staleAfter(3600)).not.toContain(id);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const stale = await staleAfter(0.01);
    expect(stale).toContain(id);
    expect(stale).not.toContain(running);
  });
});
