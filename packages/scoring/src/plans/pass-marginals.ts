import type { BatchMarginals } from '@layersense/runs';
import type { Tensors } from '@layersense/runtime';
import type { MarginalOutputs } from '@layersense/sensitivity';
import { statisticOf } from './batch-feeds.js';
import { nameOf, type Pass, type Step } from './pass.js';
import type { StepMarginals } from './step-marginals.js';

/** The marginals among the outputs of a step, one after the other; undefined where there are none. */
export function marginalsIn(
  { direction, segment }: Step,
  outputs: Tensors,
): Float32Array | undefined {
  if (direction === 'forward' || segment.marginals.length === 0) return undefined;
  const values = segment.marginals.flatMap(({ byOutput, byInput }) =>
    [byOutput, byInput].map((name) => statisticOf(outputs[name])),
  );
  const joined = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const each of values) {
    joined.set(each, start);
    start += each.length;
  }
  return joined;
}

/**
 * The marginals of a pass whose steps are all finished. What several segments have found of a matrix is
 * added in float64: it alone may be below zero, and the sum is not.
 */
export async function passMarginals(
  pass: Pass,
  kept: StepMarginals,
): Promise<ReadonlyMap<string, BatchMarginals>> {
  const found = new Map<string, BatchMarginals>();
  for (const [index, { marginals }] of pass.segments.entries()) {
    if (marginals.length === 0) continue;
    const values = await kept.of(nameOf({ pass, direction: 'backward', index }));
    for (const [name, part] of split(values, marginals, pass.batch.batch)) {
      const before = found.get(name);
      found.set(name, before ? added(before, part) : part);
    }
  }
  return found;
}

/** The opposite of {@link marginalsIn}. */
function* split(
  values: Float32Array,
  matrices: readonly MarginalOutputs[],
  rows: number,
): Generator<readonly [string, BatchMarginals]> {
  let start = 0;
  const next = (width: number) => {
    const part = values.subarray(start, start + rows * width);
    start += rows * width;
    return part;
  };
  for (const { name, outputs, inputs } of matrices) {
    yield [name, { byOutput: next(outputs), byInput: next(inputs) }];
  }
}

function added(a: BatchMarginals, b: BatchMarginals): BatchMarginals {
  const sum = (over: keyof BatchMarginals) =>
    Float64Array.from(a[over], (value, i) => value + (b[over][i] ?? Number.NaN));
  return { byOutput: sum('byOutput'), byInput: sum('byInput') };
}
