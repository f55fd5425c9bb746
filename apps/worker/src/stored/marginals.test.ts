import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ComputedReport, JobSpec, type RunMarginals } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { mergeReports } from '@layersense/runs';
import {
  type FinishedBatches,
  type JobServices,
  noFinishedBatches,
  runSensitivityJob,
} from '@layersense/scoring';
import { freshDatabase, largest, largestDifference, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedRuns } from './stored-runs.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const model = join(root, 'packages/testing/fixtures/checkpoints/llama-tied');
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };
const quantisation = { purpose: 'quantisation', batch_size: 4 };

let scratch: string;
let dataset: string;
let database: Database;
let drop: () => Promise<unknown>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-run-marginals-'));
  dataset = join(scratch, 'rows.jsonl');
  const rows = Array.from({ length: 32 }, (_, row) =>
    Array.from({ length: 12 }, (__, t) => (Math.imul(12 * row + t + 1, 0x9e3779b1) >>> 8) % 61),
  );
  await writeFile(dataset, rows.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  drop = fresh.drop;
});
afterAll(async () => {
  await database.close();
  await drop();
  await rm(scratch, { recursive: true });
});

function run(
  params: Record<string, unknown>,
  services: Partial<JobServices> = {},
): Promise<ComputedReport> {
  const spec = JobSpec.parse({ method: 'fisher', model, dataset, device: 'cpu', params });
  return runSensitivityJob(
    spec,
    {
      allowedRoots: [root, scratch],
      hub,
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
      ...services,
    },
    new AbortController().signal,
  );
}

/** Every sum of a run, by the matrix and the axis that it is of. */
function sumsOf({ matrices }: RunMarginals = { groups: [], matrices: new Map() }) {
  return [...matrices].flatMap(([name, { byOutput, byInput }]) => [
    [`${name} by output`, byOutput] as const,
    [`${name} by input`, byInput] as const,
  ]);
}

function expectSameSums(actual: RunMarginals | undefined, expected: RunMarginals | undefined) {
  expect(actual?.groups).toEqual(expected?.groups);
  const ours = new Map(sumsOf(actual));
  for (const [name, sums] of nonEmpty(sumsOf(expected))) {
    const scale = largest(sums);
    const differences = [...sums].map((value, i) =>
      Math.abs((ours.get(name)?.[i] ?? Number.NaN) - value),
    );
    expect(largest(differences) / scale, name).toBeLessThan(1e-6);
  }
}

describe('a run for quantisation', () => {
  it('sums the loss, draws labels from the model and has sums of squared gradients by group', async () => {
    const { run: record, scores, marginals } = await run({ examples: 16, ...quantisation });
    expect(record).toMatchObject({ loss: 'sequence-sum', labels: 'model' });
    expect(record.marginals).toEqual(marginals?.groups);
    const count = (of: 'examples' | 'targets') =>
      record.marginals?.reduce((sum, group) => sum + group[of], 0);
    expect([record.marginals?.length, count('examples'), count('targets')]).toEqual([8, 16, 176]);
    const sumOf = new Map(scores.map(({ parameter, values }) => [parameter, values.sum]));
    for (const [name, { byOutput, byInput }] of nonEmpty([...(marginals?.matrices ?? [])])) {
      for (const sums of [byOutput, byInput]) {
        const total = sums.reduce((sum, value) => sum + value, 0);
        expect(total / 16 / (sumOf.get(name) ?? Number.NaN), name).toBeCloseTo(1, 4);
      }
    }
  });

  it('is no run for ranking of the same loss and labels, which has no marginals', async () => {
    const params = { loss: 'sequence-sum', labels: 'model', batch_size: 4, examples: 8 };
    const ranking = await run(params);
    const other = await run({ examples: 8, ...quantisation });
    expect(ranking.marginals).toBeUndefined();
    expect(ranking.run.identity).not.toBe(other.run.identity);
    expect(largestDifference(other, ranking)).toBeLessThan(1e-5);
    await database.runs.save(ranking);
    const earlier = storedRuns(database);
    const computed = await run({ examples: 8, ...quantisation }, { earlier });
    expect(computed.run.id).not.toBe(ranking.run.id);
    expect(computed.run.derived_from).toEqual([]);
    expectSameSums(computed.marginals, other.marginals);
  });

  it('is stored with its marginals, and extended by what they lack', async () => {
    const few = await run({ examples: 8, ...quantisation });
    const saved = await database.runs.save(few);
    expect(saved.marginals).toEqual(few.run.marginals);
    expectSameSums(await (await database.runs.marginals(saved.id)).all(), few.marginals);
    const earlier = storedRuns(database);
    const more = await run({ examples: 24, ...quantisation }, { earlier });
    expect(more.run.derived_from).toEqual([{ run_id: saved.id, examples: 8 }]);
    expectSameSums(more.marginals, (await run({ examples: 24, ...quantisation })).marginals);
  });

  it('is merged with one over other examples', async () => {
    const halves = [
      await run({ examples: 8, ...quantisation }),
      await run({ examples: 8, skip_examples: 8, ...quantisation }),
    ];
    const merged = mergeReports(halves);
    expect(merged.run.marginals).toEqual(merged.marginals?.groups);
    expectSameSums(merged.marginals, (await run({ examples: 16, ...quantisation })).marginals);
    const reports = halves.map(({ run: record, scores }) => ({ run: record, scores }));
    expect(() => mergeReports(reports)).toThrow(
      expect.objectContaining({ code: 'runs_incompatible' }),
    );
  });

  it.each([
    ['whose labels are those of the data', { labels: 'data' }, 'labels'],
    ['of a mean loss', { loss: 'token-mean' }, 'loss'],
    ['that may stop before its end', { until: { top_k_stable: {} } }, 'until'],
  ])('is refused as one %s', (_, params, field) => {
    const given = { method: 'fisher', model, dataset, params: { ...quantisation, ...params } };
    const issues = JobSpec.safeParse(given).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual([`params.${field}`]);
  });
});

describe('a run for quantisation that was interrupted', () => {
  const params = { examples: 16, ...quantisation };

  /** Finished batches that outlive an attempt, which ends after two of four. */
  async function interrupted(folder: string) {
    const batches: Parameters<FinishedBatches['append']>[1][] = [];
    let ends = true;
    const computed: number[] = [];
    const finishedBatches: FinishedBatches = {
      ...noFinishedBatches,
      // Marginals are not stored with a batch.
      load: () => Promise.resolve(batches.map(({ marginals: _, ...batch }) => batch)),
      append: (__, batch) => {
        batches.push(batch);
        return ends && batches.length === 3
          ? Promise.reject(new Error('killed'))
          : Promise.resolve();
      },
    };
    const onBatch = ({ examples }: { examples: number }) => computed.push(examples);
    const services = { finishedBatches, onBatch, spillFolder: () => Promise.resolve(folder) };
    await expect(run(params, services)).rejects.toThrow('killed');
    ends = false;
    computed.length = 0;
    return { computed, services };
  }

  it('goes on from the sums on disk, without what was added after the last of them', async () => {
    const folder = await mkdtemp(join(scratch, 'spill-'));
    const { computed, services } = await interrupted(folder);
    const resumed = await run(params, services);
    // Of the third batch the values are stored, and the sums are not.
    expect(computed.length).toBeLessThan(4);
    expect(computed.length).toBeGreaterThan(1);
    const undisturbed = await run(params);
    expectSameSums(resumed.marginals, undisturbed.marginals);
    expect(resumed.scores).toEqual(undisturbed.scores);
  });

  it('computes everything again where the sums are gone or changed', async () => {
    const folder = await mkdtemp(join(scratch, 'spill-'));
    const { computed, services } = await interrupted(folder);
    const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith('.sums'));
    await writeFile(join(folder, file), 'not what was written');
    const resumed = await run(params, services);
    expect(computed).toEqual([4, 4, 4, 4]);
    expectSameSums(resumed.marginals, (await run(params)).marginals);
  });
});
