import { type Attributes, elementCount, elementTypes, type Value } from '@layersense/onnx-ir';
import type { ComputeProcess, Session, TensorData, Tensors } from '@layersense/runtime';
import {
  buildCheckedModel,
  type CaseSettings,
  type CheckedModel,
  type Differentiate,
  type DrawnValue,
  type PullbackCase,
} from './check-vjp-model.js';
import { drawTensors, type RandomStream, randomStream } from './check-vjp-random.js';

export interface VjpHarness {
  readonly compute: ComputeProcess;
  readonly differentiate: Differentiate;
}

/** One operator applied to given inputs. */
export interface VjpCase extends CaseSettings {
  readonly attributes?: Attributes;
  readonly domain?: string;
  readonly outputs?: number;
  /** Positions of the outputs that are given a cotangent; all floating-point ones by default. */
  readonly seeded?: readonly number[];
}

const DRAWS = 3;

/**
 * Holds the rule of one operator against central differences. @see checkPullback
 *
 * @throws Error naming the operator and the seed when they disagree.
 */
export async function checkVjp(
  harness: VjpHarness,
  opType: string,
  vjpCase: VjpCase,
  seed: number,
): Promise<void> {
  const { attributes = {}, domain = '', outputs = 1, seeded, ...settings } = vjpCase;
  const build: PullbackCase['build'] = (g, inputs) =>
    g
      .ops(opType, inputs, attributes, { domain, outputs })
      .filter((y, i) => (seeded ? seeded.includes(i) : elementTypes[y.dtype].floating));
  await checkPullback(harness, { ...settings, build }, seed, opType);
}

/**
 * Checks ⟨c, (f(x + εv) − f(x − εv)) / 2ε⟩ = ⟨pullback(c), v⟩ on ONNX Runtime for three random
 * draws of the point x, the tangent v and the cotangents c.
 *
 * @throws Error with the seed when they differ by more than the tolerance times
 *   ‖pullback(c)‖·‖v‖. (The inner product itself is no measure: it can be nearly zero.)
 */
export async function checkPullback(
  { compute, differentiate }: VjpHarness,
  pullbackCase: PullbackCase,
  seed: number,
  label = 'pullback',
): Promise<void> {
  const { epsilon = 1e-6, tolerance = 1e-7 } = pullbackCase;
  const model = buildCheckedModel(differentiate, pullbackCase);
  const session = await compute.openSession(model.bytes, {
    device: 'cpu',
    threads: 1,
    graphOptimization: 'disabled',
  });
  try {
    for (let draw = 0; draw < DRAWS; draw++) {
      const random = randomStream(seed * 1000 + draw);
      const error = await relativeError(session, model, random, epsilon);
      // Written so that NaN fails.
      if (!(error <= tolerance)) {
        throw new Error(
          `${label}: the pullback differs from central differences by ${error.toExponential(2)} relative (tolerance ${tolerance}); seed ${seed}, draw ${draw}`,
        );
      }
    }
  } finally {
    await session.release();
  }
}

async function relativeError(
  session: Session,
  { points, results, pulled }: CheckedModel,
  random: RandomStream,
  epsilon: number,
): Promise<number> {
  const x = draw(random, points);
  const c = draw(
    random,
    results.map(({ seed }) => ({ value: seed, sampling: 'normal' })),
  );
  const v = draw(
    random,
    pulled.map(({ input }) => ({ value: input, sampling: 'normal' })),
  );
  const evaluate = async (step: number): Promise<Tensors> => {
    const moved = points.map(({ value }) => [
      value.name,
      tensor(value, addScaled(of(x, value), of(v, value), step)),
    ]);
    const seeds = results.map(({ seed }) => [seed.name, tensor(seed, of(c, seed))]);
    return (await session.run(Object.fromEntries([...moved, ...seeds]))).outputs;
  };
  const here = await evaluate(0);
  const ahead = await evaluate(epsilon);
  const behind = await evaluate(-epsilon);
  const numeric = results.map(({ value, seed }) => {
    const change = addScaled(elements(ahead, value), elements(behind, value), -1);
    return dot(of(c, seed), change) / (2 * epsilon);
  });
  const gradient = pulled.flatMap(({ cotangent }) => elements(here, cotangent));
  const direction = pulled.flatMap(({ input }) => of(v, input));
  const difference = Math.abs(
    numeric.reduce((sum, term) => sum + term, 0) - dot(gradient, direction),
  );
  const size = Math.sqrt(dot(gradient, gradient) * dot(direction, direction));
  // An input that never wins a maximum has no influence: both sides are exactly zero.
  return difference === 0 ? 0 : difference / size;
}

type Elements = ReadonlyMap<string, readonly number[]>;

function draw(random: RandomStream, values: readonly DrawnValue[]): Elements {
  const drawn = drawTensors(
    random,
    values.map(({ value, sampling }) => ({ count: elementCount(value.shape), sampling })),
  );
  return new Map(values.map(({ value }, i) => [value.name, drawn[i] ?? []]));
}

const of = (data: Elements, value: Value): readonly number[] => data.get(value.name) ?? [];

function tensor({ dtype, shape }: Value, data: readonly number[]): TensorData {
  return dtype === 'float32'
    ? { dtype, shape, data: Float32Array.from(data) }
    : { dtype: 'float64', shape, data: Float64Array.from(data) };
}

function elements(outputs: Tensors, value: Value): number[] {
  const found = outputs[value.name];
  if (found?.dtype === 'float32' || found?.dtype === 'float64') return Array.from(found.data);
  throw new Error(`${value.name} is not a floating-point output`);
}

/** a + factor·b, where an absent b counts as zero. */
function addScaled(a: readonly number[], b: readonly number[], factor: number): number[] {
  return a.map((element, i) => element + factor * (b[i] ?? 0));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, element, i) => sum + element * (b[i] ?? 0), 0);
}
