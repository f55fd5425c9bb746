import {
  encodeModel,
  GraphBuilder,
  type InlineTensor,
  OPSET_VERSION,
  type Value,
} from '@layersense/onnx-ir';
import type { Sampling } from './check-vjp-random.js';

/** Appends the pullback of `seeds` (cotangents by value name) to `g`: `buildPullback`. */
export type Differentiate = (
  g: GraphBuilder,
  seeds: ReadonlyMap<string, Value>,
  wrt: readonly Value[],
) => ReadonlyMap<string, Value>;

/** A random floating-point input (its shape alone: normal), a constant, or an absent input. */
export type CaseInput =
  | readonly number[]
  | { readonly shape: readonly number[]; readonly sampling: Sampling }
  | { readonly constant: InlineTensor }
  | undefined;

export interface CaseSettings {
  readonly inputs: readonly CaseInput[];
  /** Positions of the inputs to differentiate by; all random ones by default. */
  readonly wrt?: readonly number[];
  /** float64 by default: float32 cannot tell a right rule from a slightly wrong one. */
  readonly dtype?: 'float64' | 'float32';
  readonly opsetVersion?: number;
  /** Step of the central difference; 1e-6 by default. */
  readonly epsilon?: number;
  /** Largest accepted error relative to ‖pullback(c)‖·‖v‖; 1e-7 by default. */
  readonly tolerance?: number;
}

/** A function of random inputs, written with a builder. */
export interface PullbackCase extends CaseSettings {
  readonly build: (g: GraphBuilder, inputs: readonly (Value | undefined)[]) => readonly Value[];
}

/** A value that is fed with random elements. */
export interface DrawnValue {
  readonly value: Value;
  readonly sampling: Sampling;
}

/** f and its pullback in one encoded model: inputs x and c, outputs f(x) and pullback(c). */
export interface CheckedModel {
  readonly bytes: Uint8Array;
  readonly points: readonly DrawnValue[];
  /** Every result with its cotangent input. */
  readonly results: readonly { readonly value: Value; readonly seed: Value }[];
  /** Every input that is differentiated by, with its pulled-back cotangent. */
  readonly pulled: readonly { readonly input: Value; readonly cotangent: Value }[];
}

export function buildCheckedModel(
  differentiate: Differentiate,
  { inputs: specs, build, wrt, dtype = 'float64', opsetVersion = OPSET_VERSION }: PullbackCase,
): CheckedModel {
  const g = new GraphBuilder('check-vjp', opsetVersion);
  const points: DrawnValue[] = [];
  const differentiated: Value[] = [];
  const inputs = specs.map((spec, i) => {
    if (spec === undefined) return undefined;
    if ('constant' in spec) return g.constant(spec.constant);
    const shape = 'shape' in spec ? spec.shape : spec;
    const value = g.input(`x${i}`, dtype, shape);
    points.push({ value, sampling: 'sampling' in spec ? spec.sampling : 'normal' });
    if (!wrt || wrt.includes(i)) differentiated.push(value);
    return value;
  });
  const results = build(g, inputs).map((value, i) => ({
    value,
    seed: g.input(`c${i}`, value.dtype, value.shape),
  }));
  const seeds = new Map(results.map(({ value, seed }) => [value.name, seed]));
  const cotangents = differentiate(g, seeds, differentiated);
  const pulled = differentiated.map((input) => {
    const cotangent = cotangents.get(input.name);
    if (!cotangent) throw new Error(`the pullback gives no cotangent for ${input.name}`);
    // One cotangent can serve several inputs, or be a seed itself; graph outputs must differ.
    return { input, cotangent: g.op('Identity', [cotangent], {}, { name: `d${input.name}` }) };
  });
  const graph = g.build([
    ...results.map(({ value }) => value),
    ...pulled.map(({ cotangent }) => cotangent),
  ]);
  return { bytes: encodeModel(graph), points, results, pulled };
}
