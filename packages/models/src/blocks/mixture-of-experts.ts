import { int, type Value } from '@layersense/onnx-ir';
import type { z } from 'zod';
import type { Forward } from '../forward.js';
import { type Activation, activation } from './activation.js';
import {
  type ExpertMatrix,
  type ExpertWeights,
  expertWeights,
  type Projection,
} from './expert-weights.js';
import { linear } from './linear.js';

export interface MixtureOfExperts {
  readonly experts: number;
  /** How many of them each token is sent to. */
  readonly perToken: number;
  /** Whether the weights of the chosen experts are scaled to add up to one. */
  readonly renormalise: boolean;
  readonly inner: number;
  readonly activation: Activation;
  /** The modules of an expert as the checkpoint names them. */
  readonly projections: Readonly<Record<Projection, string>>;
}

/** Refuses a configuration that sends a token to more experts than there are. */
export function assertEnoughExperts(experts: number, perToken: number, context: z.RefinementCtx) {
  if (perToken <= experts) return;
  context.addIssue({
    code: 'custom',
    path: ['num_experts_per_tok'],
    message: `a token is sent to ${perToken} experts but there are ${experts}`,
  });
}

/**
 * Σₑ pₑ · W_down,e (act(W_gate,e x) ⊙ W_up,e x) over the experts that the router chose
 * (Shazeer et al. 2017): [rows, width] → [rows, width].
 *
 * Every expert computes every row, and pₑ is zero where it was not chosen: shapes are then static, and
 * what a row contributes to the gradient of an expert that it was not sent to is zero exactly. pₑ enters
 * before W_down, which is linear, so that all experts of a layer share the cotangent of its output.
 */
export function mixtureOfExperts(
  f: Forward,
  x: Value,
  name: string,
  options: MixtureOfExperts,
): Value {
  const { g } = f;
  const { experts, inner, projections } = options;
  const shapes = { experts, inner, width: x.shape[1] ?? 0 };
  const weights = expertWeights(f, `${name}.experts`, projections, shapes);
  const routing = routingWeights(f, x, name, options, weights);
  const columns = g.ops(
    'Split',
    [routing, g.int64(Array(options.experts).fill(1))],
    { axis: int(1) },
    { outputs: options.experts },
  );
  const outputs = columns.map((weight, e) =>
    expert(f, x, weight, options.activation, (projection) => weights(e, projection)),
  );
  return outputs.reduce((sum, output) => g.add(sum, output));
}

/**
 * pₑ of every row, zero where e was not chosen: [rows, experts]. The derivative passes through the
 * probabilities of the chosen experts; which ones were chosen is a constant, as in PyTorch.
 */
function routingWeights(
  f: Forward,
  x: Value,
  name: string,
  { experts, perToken, renormalise }: MixtureOfExperts,
  weightsOf: ExpertWeights,
): Value {
  const { g } = f;
  const rows = x.shape[0] ?? 0;
  const logits = linear(f, x, `${name}.gate`, experts, { bias: false });
  const probabilities = g.op('Softmax', [logits], { axis: int(-1) });
  const [top, chosen] = g.ops(
    'TopK',
    [probabilities, g.int64([perToken])],
    { axis: int(-1) },
    { outputs: 2 },
  );
  if (!top || !chosen) throw new TypeError('TopK has two outputs');
  f.routings.push({ chosen, experts: parametersByExpert(experts, weightsOf) });
  const weights = renormalise ? g.div(top, g.reduceSum(top, [-1], true)) : top;
  const nobody = g.op('Expand', [f.scalar(0), g.int64([rows, experts])]);
  return g.op('ScatterElements', [nobody, chosen, weights], { axis: int(1) });
}

function parametersByExpert(
  experts: number,
  weightsOf: ExpertWeights,
): readonly (readonly string[])[] {
  const projections = ['gate', 'up', 'down'] as const;
  return Array.from({ length: experts }, (_, e) =>
    projections.map((projection) => weightsOf(e, projection).parameter),
  );
}

function expert(
  f: Forward,
  x: Value,
  weight: Value,
  act: Activation,
  matrixOf: (projection: Projection) => ExpertMatrix,
): Value {
  const project = (from: Value, projection: Projection) =>
    f.g.op('Gemm', [from, matrixOf(projection).value()], { transB: int(1) });
  const gate = activation(f, act, project(x, 'gate'));
  const hidden = f.g.mul(gate, project(x, 'up'));
  return project(f.g.mul(hidden, weight), 'down');
}
