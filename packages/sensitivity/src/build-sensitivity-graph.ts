import { buildPullback } from '@layersense/autodiff';
import type { Labels } from '@layersense/contracts';
import {
  computeEarly,
  type Graph,
  type GraphBuilder,
  oneCastPerUse,
  recomputeCheapValues,
  type Value,
} from '@layersense/onnx-ir';
import { attachHeadLoss } from './loss/attach-head-loss.js';
import { type MarginalOutputs, marginalOutputs } from './per-example/marginal-outputs.js';
import { findParameterUses, lookedUpTokens } from './per-example/parameter-uses.js';
import { type ParameterPart, statisticsWithParts } from './per-example/part-statistics.js';
import {
  countRoutedTokens,
  type RoutedTokensOutput,
  type Routing,
} from './per-example/routed-tokens.js';
import type { NormPath, StatisticContext } from './per-example/statistic-context.js';
import { requireCotangent } from './require-cotangent.js';

/** The forward pass to differentiate. `builder` is extended in place. */
export interface DifferentiableModel {
  readonly builder: GraphBuilder;
  readonly shape: { readonly batch: number; readonly length: number };
  /** [rows, classes]: [batch · length, vocabulary] of a language model. */
  readonly logits: Value;
  readonly parameters: readonly string[];
  /** The parts of packed parameters that are scored too. Together they are the whole. */
  readonly parts?: ReadonlyMap<string, readonly ParameterPart[]>;
  /** Where mixtures of experts send their tokens, one per layer of experts. */
  readonly routings?: readonly Routing[];
}

/** A parameter, or a part of a packed one. */
export interface SensitivityParameter {
  readonly name: string;
  /** The graph output that holds ‖∂ℓₙ/∂W‖² per example: [batch]. */
  readonly output: string;
}

/** One run of `graph` gives the loss and every squared gradient norm of a batch of examples. */
export interface SensitivityGraph {
  readonly graph: Graph;
  readonly lossOutput: string;
  readonly parameters: readonly SensitivityParameter[];
  /** The outputs with marginals, where they are asked for. */
  readonly marginals: readonly MarginalOutputs[];
  /** The outputs with the tokens that were sent to experts, one per layer of experts. */
  readonly routedTokens: readonly RoutedTokensOutput[];
}

export interface SensitivityOptions {
  readonly labels: Labels;
  readonly path?: NormPath;
  /** Logits of more elements are computed in chunks; 2²⁴ by default. */
  readonly chunkElements?: number;
  /**
   * Whether every matrix, every table of embeddings and every part of a packed matrix gets the sums of
   * its squared gradient over inputs and over outputs. Vectors have none. False by default.
   */
  readonly marginals?: boolean | undefined;
}

/**
 * The whole-graph plan: forward pass, loss, one backward pass over activations only, and for every
 * parameter its squared gradient norm per example. No weight gradient is built where Gram products
 * are cheaper.
 *
 * Each norm is a graph output of its own, emitted in layer order: ONNX Runtime then computes it as
 * soon as its cotangent exists and frees both, instead of keeping every activation to the end. What
 * follows cheaply from other activations is computed again for the backward pass.
 *
 * @throws LayersenseError `unsupported_operator`
 */
export function buildSensitivityGraph(
  model: DifferentiableModel,
  { labels, path = 'auto', chunkElements, marginals = false }: SensitivityOptions,
): SensitivityGraph {
  const { builder: g, logits, shape } = model;
  const found = findParameterUses(g, model.parameters);
  const lookupsOf = (name: string) => lookedUpTokens(found.get(name) ?? []);
  const loss = attachHeadLoss(
    g,
    { logits, batch: shape.batch, labels, chunkElements, marginals },
    found,
    lookupsOf,
  );
  const { uses } = loss;
  const outputs = [...uses.values()].flatMap((each) => each.map((use) => use.output));
  const forward = new Set(g.nodes);
  const cotangents = buildPullback(g, loss.seeds, outputs);
  const context: StatisticContext = {
    g,
    batch: shape.batch,
    path,
    marginals,
    grams: new Map(),
    cotangentOf: (value) => requireCotangent(cotangents, value),
  };
  const statistics = [...uses].flatMap(([name, parameterUses]) =>
    [...statisticsWithParts(context, name, parameterUses, model.parts?.get(name))].map(
      ([of, each]) => ({ name: of, uses: parameterUses, ...each }),
    ),
  );
  const routed = countRoutedTokens(g, model);
  const outputsOf = statistics.flatMap(({ squaredNorm, marginals: sums }) =>
    sums ? [squaredNorm, sums.first, sums.second] : [squaredNorm],
  );
  const graph = g.build([loss.losses, ...outputsOf, ...routed.counts]);
  return {
    // The loss reads the logits, which are the largest tensor where the vocabulary is large.
    graph: oneCastPerUse(computeEarly(recomputeCheapValues(graph, forward), loss.losses.name)),
    lossOutput: loss.losses.name,
    parameters: statistics.map(({ name, squaredNorm }) => ({ name, output: squaredNorm.name })),
    marginals: statistics.flatMap(({ name, marginals: sums, uses: of }) =>
      sums ? [marginalOutputs(name, sums, of)] : [],
    ),
    routedTokens: routed.outputs,
  };
}
