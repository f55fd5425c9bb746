import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, type Progress, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { demoCheckpoint, largestDifference, parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-plans-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function score(
  model: string,
  examples: readonly (readonly number[])[],
  params: Record<string, unknown>,
  report: (progress: Progress) => unknown = () => undefined,
): Promise<ScoreReport> {
  const dataset = join(scratch, 'examples.jsonl');
  await writeFile(dataset, examples.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
  const spec = JobSpec.parse({
    model,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { examples: examples.length, ...params },
  });
  const services = {
    allowedRoots: ['/'],
    hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
    report,
    finishedBatches: noFinishedBatches,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

const parametersOf = ({ scores }: ScoreReport) => scores.map(({ parameter }) => parameter);

const kinds = ['llama-tied', 'qwen2-untied', 'gpt2', 'gemma2', 'phi3', 'mixtral'];
const models = [
  ...parityCheckpoints().filter(({ name }) => kinds.includes(name)),
  demoCheckpoint(),
];

describe.each(models)('$name', ({ folder, cases }) => {
  it('gets the same numbers from every plan', async () => {
    const [{ input_ids: examples } = { input_ids: [] }] = cases;
    const whole = await score(folder, examples, { plan: 'whole', batch_size: 2 });
    for (const plan of ['checkpointed', 'streamed']) {
      const other = await score(folder, examples, { plan, batch_size: 2 });
      expect(other.run.plan).toBe(plan);
      expect(other.run.identity).toBe(whole.run.identity);
      expect(other.run.mean_loss).toBeCloseTo(whole.run.mean_loss ?? 0, 5);
      expect(parametersOf(other)).toEqual(parametersOf(whole));
      expect(largestDifference(whole, other), plan).toBeLessThan(1e-6);
    }
  });
});

it.each(['whole', 'checkpointed', 'streamed'])(
  'tells at which block the %s plan is',
  async (plan) => {
    const { folder, cases } = demoCheckpoint();
    const [{ input_ids: examples } = { input_ids: [] }] = cases;
    const told = new Set<string | null>();
    await score(folder, examples.slice(0, 2), { plan, batch_size: 1 }, ({ layer }) =>
      told.add(layer),
    );
    const blocks = [...told].filter((layer) => layer?.startsWith('model.layers.')).toSorted();
    const all = Array.from({ length: 6 }, (_, block) => `model.layers.${block}`);
    expect(blocks).toEqual(plan === 'whole' ? [] : all);
  },
);

describe('the choice of a plan', () => {
  const examples = Array.from({ length: 6 }, (_, i) =>
    Array.from({ length: 200 }, (_, t) => (t * 31 + i * 7) % 4000),
  );
  const { folder } = demoCheckpoint();
  const MiB = 2 ** 20;

  it('is the whole plan where memory allows, and says so', async () => {
    const { run } = await score(folder, examples, {});
    expect(run.plan).toBe('whole');
    expect(run.plan_reason).toContain('fastest');
    const [estimated, peak] = [run.estimated_memory_bytes ?? 0, run.peak_memory_bytes ?? 1];
    expect(Math.abs(estimated / peak - 1)).toBeLessThan(0.25);
  });

  it('takes the next plan when the limit is lower, and stays within it', async () => {
    const long = examples.map((tokens) => [...tokens, ...tokens.toReversed()]);
    const unlimited = await score(folder, long, {
      plan: 'whole',
      batch_size: 6,
      memory_limit_bytes: 4096 * MiB,
    });
    // More than this process may have grown by, less than what the next plan saves.
    const limit = Math.floor((unlimited.run.estimated_memory_bytes ?? 0) - 40 * MiB);
    const limited = await score(folder, long, { batch_size: 6, memory_limit_bytes: limit });
    expect(limited.run.estimated_memory_bytes).toBeLessThanOrEqual(limit);
    expect(limited.run.plan_reason).toContain('fits');
    expect(largestDifference(unlimited, limited)).toBeLessThan(1e-5);
  });

  it('refuses a limit that no plan meets, naming one that would do', async () => {
    const refused = score(folder, examples, { memory_limit_bytes: 50 * MiB });
    await expect(refused).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(/--memory-limit\) to \d+ MiB/),
    });
    const sufficient = await refused.catch((error) => error.context.smallest_sufficient_bytes);
    // This process is part of the estimate, and has grown meanwhile.
    const enough = Math.ceil(sufficient * 1.25);
    const { run } = await score(folder, examples, { memory_limit_bytes: enough });
    expect(run.estimated_memory_bytes).toBeLessThanOrEqual(enough);
  });
});
