import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FisherParams, JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import {
  demoCheckpoint,
  largestRelativeError,
  nonEmpty,
  type ParityCase,
  parityCheckpoints,
  perExampleOf,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from '../../job-services.js';
import { runSensitivityJob } from '../../run-sensitivity-job.js';

/** Against PyTorch in float64; the arithmetic under test is float32. */
const TOLERANCE = 1e-4;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-parity-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function score(
  model: string,
  { input_ids, loss }: ParityCase,
  params: Partial<FisherParams> = {},
): Promise<ScoreReport> {
  const dataset = join(scratch, `${Math.random()}.jsonl`);
  await writeFile(dataset, input_ids.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
  const spec = JobSpec.parse({
    model,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { loss, examples: input_ids.length, ...params },
  });
  const services = {
    allowedRoots: ['/'],
    hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
    report: () => undefined,
    finishedBatches: noFinishedBatches,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

function expectParity(report: ScoreReport, expected: ParityCase): void {
  const actual = perExampleOf(report);
  const names = Object.keys(expected.gradient_squared_norms);
  expect([...actual.keys()].sort()).toEqual(names.sort());
  for (const [parameter, values] of nonEmpty(actual)) {
    const norms = expected.gradient_squared_norms[parameter];
    const inOrder = [...values.keys()].map((row) => norms?.[row] ?? Number.NaN);
    expect(largestRelativeError([...values.values()], inOrder), parameter).toBeLessThan(TOLERANCE);
  }
  const mean = expected.losses.reduce((a, b) => a + b, 0) / expected.losses.length;
  expect(Math.abs((report.run.mean_loss ?? Number.NaN) - mean) / mean).toBeLessThan(1e-5);
}

describe.each([...parityCheckpoints(), demoCheckpoint()])('$name', ({ folder, cases }) => {
  it.each(nonEmpty(cases))('equals PyTorch in float64: $name, padded batches', async (expected) => {
    expectParity(await score(folder, expected), expected);
  });

  it.each(nonEmpty(cases))('equals PyTorch in float64: $name, batches of one', async (expected) => {
    expectParity(await score(folder, expected, { batch_size: 1 }), expected);
  });
});
