import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { demoCheckpoint, nonEmpty, parityCheckpoints, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';
import { useWarmCompute } from '../test-support/use-warm-compute.js';
import { type ComputeSource, newCompute } from './warm-compute.js';

const MiB = 2 ** 20;
const EXAMPLES = 6;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-warm-'));
});
afterAll(() => rm(scratch, { recursive: true }));

const watched = useWarmCompute();
const { opened } = watched;

const processes = () => new Set(watched.calls.map(({ pid }) => pid)).size;

interface Request {
  readonly folder?: string;
  readonly length?: number;
  readonly params?: object;
}

/** A job on examples of `length` tokens, of the demo model by default. */
async function score(compute: ComputeSource, request: Request = {}): Promise<ScoreReport> {
  const { folder = demoCheckpoint().folder, length = 24, params } = request;
  const dataset = join(scratch, `${length}.jsonl`);
  const rows = Array.from({ length: EXAMPLES }, (_, row) => ({
    input_ids: Array.from({ length }, (__, t) => (t * 31 + row * 7) % 61),
  }));
  await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
  const fixed = { examples: EXAMPLES, batch_size: EXAMPLES };
  const job = { model: folder, method: 'fisher', dataset, device: 'cpu' };
  const spec = JobSpec.parse({ ...job, params: { ...fixed, ...params } });
  const services = {
    allowedRoots: ['/'],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
    report: () => undefined,
    finishedBatches: noFinishedBatches,
    threads: 1,
    compute,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

/** What is to be the same to the bit. */
const computed = (report: ScoreReport) => ({
  losses: nonEmpty(report.run.example_losses ?? []),
  perExample: perExampleOf(report),
  scores: report.scores,
});

describe.skipIf(process.platform !== 'linux')('a job on the process of jobs before it', () => {
  const small = (name: string) =>
    parityCheckpoints().find((each) => each.name === name)?.folder ?? '';

  it('has the bits that it has on a new one', async () => {
    const one = { folder: small('llama-tied') };
    const other = { folder: small('mixtral') };
    const streamed = { ...one, params: { plan: 'streamed' } };
    const longer = { ...one, length: 40 };
    const requests: readonly Request[] = [one, other, one, streamed, longer, other, streamed];
    const onWarm: ScoreReport[] = [];
    for (const request of requests) onWarm.push(await score(watched.warm, request));
    expect(processes()).toBe(1);
    const alone = new Map<Request, ScoreReport>();
    for (const request of [one, other, streamed, longer]) {
      alone.set(request, await score(newCompute, request));
    }
    expect(onWarm.map(computed)).toEqual(
      requests.flatMap((request) => alone.get(request) ?? []).map(computed),
    );
  });

  it('opens no session that they have left', async () => {
    await score(watched.warm);
    const before = opened();
    await score(watched.warm);
    expect(opened()).toBe(before);
  });

  it('keeps to a memory limit that they did not have', async () => {
    const long = { length: 480 };
    const large = await score(watched.warm, { ...long, params: { plan: 'whole' } });
    const estimated = large.run.estimated_memory_bytes ?? 0;
    expect(large.run.peak_memory_bytes).toBeGreaterThan(estimated / 2);
    // Less than the large job had, by more than this process grows meanwhile.
    const limit = Math.floor(estimated - 60 * MiB);
    const limited = await score(watched.warm, { ...long, params: { memory_limit_bytes: limit } });
    expect(limited.run.plan_reason).toContain(` of ${Math.ceil(limit / MiB)} MiB`);
    expect(limited.run.estimated_memory_bytes).toBeLessThanOrEqual(limit);
    // Beyond the limit by the error of an estimate at most, as on a new process.
    const most = Math.max(limit, 1.25 * (limited.run.estimated_memory_bytes ?? 0));
    expect(limited.run.peak_memory_bytes).toBeLessThanOrEqual(most);
  });

  it('shares the process with their sessions only where its limit has room for both', async () => {
    const spared: number[] = [];
    const source: ComputeSource = {
      start: (needs) => {
        spared.push(needs.spareBytes);
        return watched.warm.start(needs);
      },
    };
    const { run } = await score(source);
    const limited = async (share: number) => {
      const limit = Math.floor(share * (run.estimated_memory_bytes ?? 0));
      const report = await score(source, { params: { memory_limit_bytes: limit } });
      return { limit, estimated: report.run.estimated_memory_bytes ?? 0 };
    };
    const before = opened();
    const wide = await limited(3);
    expect({ opened: opened(), processes: processes() }).toEqual({ opened: before, processes: 1 });
    const narrow = await limited(1.3);
    // A peak may be a quarter above its estimate.
    for (const [i, { limit, estimated }] of [wide, narrow].entries()) {
      expect(Math.abs((spared[i + 1] ?? 0) - (limit - 1.25 * estimated))).toBeLessThan(10);
    }
  });
});
