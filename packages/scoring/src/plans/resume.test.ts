import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, type Progress, type ScoreReport } from '@layersense/contracts';
import type { BatchStatistics } from '@layersense/runs';
import { parityCheckpoints, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FinishedBatches, noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';
import { SpillFolders } from './spill-folders.js';

const JOB = 'job_resumed';
/** A tied head, so that segments hand tensors back to earlier ones. */
const model = parityCheckpoints().find(({ name }) => name === 'llama-tied')?.folder ?? '';
const examples = [6, 9, 7, 4, 9].map((length, i) =>
  Array.from({ length }, (_, t) => (t * 5 + i * 3 + 1) % 32),
);

let scratch: string;
let folders: SpillFolders;
let undisturbed: Attempt;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-resume-'));
  undisturbed = await attempt();
});
beforeEach(async () => {
  await rm(join(scratch, 'spill'), { recursive: true, force: true });
  folders = new SpillFolders(join(scratch, 'spill'));
});
afterAll(() => rm(scratch, { recursive: true }));

interface Attempt {
  readonly report: ScoreReport;
  /** How often the run has told of work: once per step, per result and at its beginning. */
  readonly updates: number;
}

interface Disturbance {
  readonly resumable?: boolean;
  readonly stopAfter?: number;
  readonly finishedBatches?: FinishedBatches;
  readonly params?: Record<string, unknown>;
  readonly tokens?: readonly (readonly number[])[];
}

async function attempt(options: Disturbance = {}): Promise<Attempt> {
  const dataset = join(scratch, 'examples.jsonl');
  const { tokens = examples, stopAfter = Number.POSITIVE_INFINITY } = options;
  await writeFile(dataset, tokens.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
  const spec = JobSpec.parse({
    model,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { examples: tokens.length, batch_size: 2, plan: 'streamed', ...options.params },
  });
  const controller = new AbortController();
  let updates = 0;
  const report = await runSensitivityJob(
    spec,
    {
      allowedRoots: ['/'],
      hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: scratch, offline: true },
      report: ({ phase }: Progress) => {
        if (phase !== 'computing') return;
        updates += 1;
        // The first two are of the phase that begins and of the step that comes first.
        if (updates > stopAfter + 1) controller.abort();
      },
      finishedBatches: options.finishedBatches ?? noFinishedBatches,
      ...(options.resumable ? { spillFolder: () => folders.claim(JOB) } : {}),
      threads: 1,
    },
    controller.signal,
  );
  return { report, updates };
}

const interrupted = async (stopAfter: number, options: Disturbance = {}) =>
  expect(attempt({ ...options, resumable: true, stopAfter })).rejects.toMatchObject({
    code: 'canceled',
  });

function expectSameBits({ report }: Attempt): void {
  expect(report.run.example_losses).toHaveLength(examples.length);
  expect(report.run.example_losses).toEqual(undisturbed.report.run.example_losses);
  expect(perExampleOf(report)).toEqual(perExampleOf(undisturbed.report));
  expect(report.scores).toEqual(undisturbed.report.scores);
}

const stepsTakenOver = ({ report }: Attempt) =>
  Number(/went on after (\d+) /.exec(report.run.plan_reason ?? '')?.[1] ?? 0);

async function spilled(ending: string): Promise<string[]> {
  const root = join(scratch, 'spill');
  const [folder = ''] = await readdir(root);
  const names = await readdir(join(root, folder));
  return names.filter((name) => name.endsWith(ending)).map((name) => join(root, folder, name));
}

/** The two before the first step has ended, and one per batch with its result, end no step. */
const steps = () => undisturbed.updates - 2 - Math.ceil(examples.length / 2);

describe('a streamed run that was interrupted', () => {
  it.each([
    ['at once', () => 1],
    ['on its way forwards', () => 5],
    ['on its way back', () => steps() - 4],
    ['before its last step', () => steps() - 1],
  ])('%s goes on where it was, to the same bits', async (_, at) => {
    await interrupted(at());
    const resumed = await attempt({ resumable: true });
    expect(stepsTakenOver(resumed)).toBe(at());
    expect(resumed.updates).toBe(undisturbed.updates - at());
    expect(resumed.report.run).toMatchObject({ plan: 'streamed', device: 'cpu' });
    expectSameBits(resumed);
  });

  it('twice goes on twice', async () => {
    await interrupted(4);
    await interrupted(steps() - 8);
    const resumed = await attempt({ resumable: true });
    expect(stepsTakenOver(resumed)).toBe(steps() - 4);
    expectSameBits(resumed);
  });

  it('between two results computes nothing again', async () => {
    const stored: BatchStatistics[] = [];
    const finishedBatches: FinishedBatches = {
      ...noFinishedBatches,
      load: () => Promise.resolve(stored),
      append: (_, batch) => {
        if (stored.length === 1) return Promise.reject(new Error('the database has gone'));
        stored.push(batch);
        return Promise.resolve();
      },
    };
    await expect(attempt({ resumable: true, finishedBatches })).rejects.toThrow('has gone');
    const load = () => Promise.resolve(stored);
    const resumed = await attempt({
      resumable: true,
      finishedBatches: { ...noFinishedBatches, load },
    });
    const left = Math.ceil(examples.length / 2) - 1;
    expect(resumed.updates).toBe(1 + left);
    expectSameBits(resumed);
  });

  it('leaves no tensor on disk when it has ended', async () => {
    await interrupted(steps() - 4);
    expect(await spilled('.tensor')).not.toEqual([]);
    await attempt({ resumable: true });
    expect(await spilled('.tensor')).toEqual([]);
  });
});

describe('what an interrupted run has left', () => {
  const damage: [string, string, (file: string) => Promise<unknown>][] = [
    ['a tensor is gone', '.tensor', (file) => rm(file)],
    ['a tensor is torn', '.tensor', (file) => truncate(file, 8)],
    ['a tensor is changed', '.tensor', (file) => changeByte(file, 3)],
    ['the journal is torn', '.journal', async (file) => truncate(file, (await size(file)) - 9)],
    [
      'the journal is changed',
      '.journal',
      async (file) => changeByte(file, (await size(file)) / 2),
    ],
  ];

  it.each(damage)('is computed again where %s', async (_, ending, spoil) => {
    const at = steps() - 4;
    await interrupted(at);
    const [file = ''] = await spilled(ending);
    await spoil(file);
    const resumed = await attempt({ resumable: true });
    expect(stepsTakenOver(resumed)).toBeLessThan(at);
    expectSameBits(resumed);
  });

  it.each<[string, Disturbance]>([
    ['examples', { tokens: [...examples.slice(1), [1, 2, 3]] }],
    ['batches', { params: { batch_size: 1 } }],
    ['losses', { params: { loss: 'sequence-sum' } }],
  ])('is no use for other %s', async (_, other) => {
    await interrupted(steps() - 4, other);
    const resumed = await attempt({ resumable: true });
    expect(stepsTakenOver(resumed)).toBe(0);
    expectSameBits(resumed);
  });
});

async function size(file: string): Promise<number> {
  return (await readFile(file)).length;
}

async function changeByte(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  const i = Math.floor(at);
  bytes[i] = (bytes[i] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
