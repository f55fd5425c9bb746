import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { nonEmpty, perExampleOf } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { type JobServices, noFinishedBatches } from '../../job-services.js';
import { runSensitivityJob } from '../../run-sensitivity-job.js';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

function run(
  params: Record<string, unknown>,
  services: Partial<JobServices> = {},
): Promise<ScoreReport> {
  const spec = JobSpec.parse({
    method: 'fisher',
    model: `${root}demo/model`,
    dataset: `${root}demo/datasets/arithmetic.jsonl`,
    device: 'cpu',
    params,
  });
  return runSensitivityJob(
    spec,
    {
      allowedRoots: [root],
      hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
      ...services,
    },
    new AbortController().signal,
  );
}

const until = (top_k_stable: Record<string, number>) => ({ until: { top_k_stable } });

const top = ({ scores }: ScoreReport, k: number) =>
  scores.filter(({ rank }) => rank <= k).map(({ layer }) => layer);

describe('adaptive stopping on the demo', () => {
  it('stops early with the top of the full set, as a run over the examples it took', async () => {
    const stopped = await run({ examples: 72, ...until({ k: 5 }) });
    const full = await run({ examples: 72 });
    const { stopping, dataset } = stopped.run;
    expect(stopping).toMatchObject({ reason: 'stable', at_most: 72 });
    const examples = stopping?.examples ?? 72;
    expect(examples).toBeLessThan(36);
    expect(new Set(top(stopped, 5))).toEqual(new Set(top(full, 5)));
    expect(stopped.run.stability).toMatchObject({ k: 5, resamples: 1000 });
    expect(stopped.run.stability?.probability).toBe(stopping?.rounds.at(-1)?.probability);
    expect(stopped.run.stability?.probability).toBeGreaterThanOrEqual(0.95);

    const same = await run({ examples });
    expect(stopped.run.identity).toBe(same.run.identity);
    expect(dataset).toEqual(same.run.dataset);
    for (const { n } of nonEmpty(stopped.scores)) expect(n).toBe(examples);
    for (const [, values] of nonEmpty(perExampleOf(stopped))) expect(values.size).toBe(examples);
  });

  it('says so when the examples run out before the order settles', async () => {
    const { run: record } = await run({
      examples: 40,
      ...until({ k: 10, probability: 0.9999, min_examples: 8 }),
    });
    expect(record.stopping).toMatchObject({
      reason: 'examples exhausted',
      examples: 40,
      at_most: 40,
    });
    expect(record.stopping?.rounds.map(({ examples }) => examples)).toEqual([8, 12, 18, 27, 40]);
    expect(record.dataset?.examples).toBe(40);
  });

  it('stops where it would have when it resumes with more examples done than it needs', async () => {
    const params = { examples: 40, ...until({ k: 5 }) };
    const full = await run({ examples: 40 });
    const finished = {
      examples: nonEmpty(full.run.dataset?.indices.keys() ?? []),
      losses: nonEmpty(full.run.example_losses ?? []),
      squaredNorms: new Map(
        [...perExampleOf(full)].map(([name, values]) => [name, [...values.values()]]),
      ),
      routedTokens: new Map(),
    };
    const finishedBatches = { ...noFinishedBatches, load: () => Promise.resolve([finished]) };
    const resumed = await run(params, { finishedBatches });
    const undisturbed = await run(params);
    expect(resumed.run.identity).toBe(undisturbed.run.identity);
    expect(resumed.run.stopping?.examples).toBe(undisturbed.run.stopping?.examples);
  });

  it('refuses a top that would be every layer', async () => {
    await expect(run(until({ k: 56 }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('the model has 56 scored weights'),
    });
  });
});
