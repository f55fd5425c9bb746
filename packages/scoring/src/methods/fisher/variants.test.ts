import type { ScoreReport } from '@layersense/contracts';
import {
  largestRelativeError,
  nonEmpty,
  type ParityCase,
  perExampleOf,
  variantCheckpoints,
} from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { CheckpointJobs } from '../../test-support/checkpoint-jobs.js';

/** Against PyTorch in float64; the arithmetic under test is float32. */
const TOLERANCE = 1e-4;

const jobs = new CheckpointJobs();

function score(
  model: string,
  { input_ids, labels, loss }: ParityCase,
  params: object = {},
): Promise<ScoreReport> {
  const rows = input_ids.map((ids, i) => ({ input_ids: ids, label: labels?.[i] }));
  return jobs.fisher(model, rows, { loss, ...params });
}

function expectParity(report: ScoreReport, expected: ParityCase): void {
  const { run } = report;
  const actual = perExampleOf(report);
  const order = run.dataset?.indices ?? [];
  const inOrder = (values: readonly number[] = []) => order.map((row) => values[row] ?? Number.NaN);
  expect(order).toHaveLength(expected.input_ids.length);
  expect([...actual.keys()].sort()).toEqual(Object.keys(expected.gradient_squared_norms).sort());
  for (const [parameter, values] of nonEmpty(actual)) {
    const right = inOrder(expected.gradient_squared_norms[parameter]);
    expect(largestRelativeError([...values.values()], right), parameter).toBeLessThan(TOLERANCE);
  }
  const losses = inOrder(expected.losses);
  expect(largestRelativeError(run.example_losses, losses)).toBeLessThan(1e-5);
}

describe.each(nonEmpty(variantCheckpoints()))('$name', ({ folder, cases }) => {
  it.each(nonEmpty(cases))('equals PyTorch in float64: $name', async (expected) => {
    expectParity(await score(folder, expected), expected);
  });

  it.each(nonEmpty(cases))('equals PyTorch in float64: $name, streamed', async (expected) => {
    expectParity(await score(folder, expected, { plan: 'streamed', batch_size: 2 }), expected);
  });
});

describe('experts that are stored in one tensor', () => {
  const [packed] = variantCheckpoints().filter(({ name }) => name === 'packed-qwen3-moe');

  it('are counted by expert, and their ranks are those of the whole tensors', async () => {
    const [expected] = packed?.cases ?? [];
    if (!packed || !expected) throw new TypeError('the fixture is missing');
    const { scores } = await score(packed.folder, expected);
    const ofExperts = scores.filter(({ layer }) => layer.includes('.experts.'));
    const routed = (name: RegExp) =>
      ofExperts.filter(({ layer }) => name.test(layer)).map((each) => each.routed_tokens);
    const tokens = expected.input_ids.flat().length;
    expect(routed(/experts\.down_proj$/)).toEqual([null]);
    expect(routed(/gate_up_proj$/)).toEqual([null]);
    // Every token is sent to two of the three.
    const sum = routed(/down_proj\[\d\]$/).reduce((a, b) => (a ?? 0) + (b ?? 0), 0);
    expect(sum).toBe(2 * tokens);
    expect(ofExperts.map(({ shape }) => shape.join('×'))).toEqual(
      expect.arrayContaining(['3×12×12', '3×12×6', '6×12', '12×6']),
    );
    const ranks = scores.filter(({ layer }) => !layer.endsWith(']')).map(({ rank }) => rank);
    expect(ranks.toSorted((a, b) => a - b)).toEqual(ranks.map((_, i) => i + 1));
  });
});
