import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FisherParams, JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { largestRelativeError, type ParityCase, variantCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noCheckpoint } from '../../job-services.js';
import { runSensitivityJob } from '../../run-sensitivity-job.js';

/** Against PyTorch in float64; the arithmetic under test is float32. */
const TOLERANCE = 1e-4;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-variants-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function score(
  model: string,
  { input_ids, labels, loss }: ParityCase,
  params: Partial<FisherParams> = {},
): Promise<ScoreReport> {
  const dataset = join(scratch, `${Math.random()}.jsonl`);
  const rows = input_ids.map((ids, i) => ({ input_ids: ids, label: labels?.[i] }));
  await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
  const spec = JobSpec.parse({
    model,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { loss, examples: rows.length, ...params },
  });
  const services = {
    allowedRoots: ['/'],
    hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
    report: () => undefined,
    checkpoint: noCheckpoint,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

function expectParity({ run, scores }: ScoreReport, expected: ParityCase): void {
  const order = run.dataset?.indices ?? [];
  const inOrder = (values: readonly number[] = []) => order.map((row) => values[row] ?? Number.NaN);
  expect(order).toHaveLength(expected.input_ids.length);
  expect(scores.map(({ parameter }) => parameter).sort()).toEqual(
    Object.keys(expected.gradient_squared_norms).sort(),
  );
  for (const { parameter, per_example: actual = [] } of scores) {
    const right = inOrder(expected.gradient_squared_norms[parameter]);
    expect(largestRelativeError(actual, right), parameter).toBeLessThan(TOLERANCE);
  }
  const losses = inOrder(expected.losses);
  expect(largestRelativeError(run.example_losses ?? [], losses)).toBeLessThan(1e-5);
}

describe.each(variantCheckpoints())('$name', ({ folder, cases }) => {
  it.each(cases)('equals PyTorch in float64: $name', async (expected) => {
    expectParity(await score(folder, expected), expected);
  });

  it.each(cases)('equals PyTorch in float64: $name, streamed', async (expected) => {
    expectParity(await score(folder, expected, { plan: 'streamed', batch_size: 2 }), expected);
  });
});
