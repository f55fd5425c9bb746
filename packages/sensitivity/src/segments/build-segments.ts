import { buildPullback } from '@layersense/autodiff';
import { LayersenseError } from '@layersense/contracts';
import {
  type Graph,
  type GraphBuilder,
  oneCastPerUse,
  sliceGraph,
  type Value,
} from '@layersense/onnx-ir';
import type { DifferentiableModel, SensitivityOptions } from '../build-sensitivity-graph.js';
import { attachHeadLoss } from '../loss/attach-head-loss.js';
import { addAxisSums } from '../per-example/axis-sums.js';
import type { GradientStatistics } from '../per-example/gradient-statistics.js';
import { gramMarginals } from '../per-example/gram-marginals.js';
import type { GramTerm } from '../per-example/gram-terms.js';
import { type MarginalOutputs, marginalOutputs } from '../per-example/marginal-outputs.js';
import {
  findParameterUses,
  lookedUpTokens,
  type ParameterUse,
} from '../per-example/parameter-uses.js';
import { statisticsWithParts } from '../per-example/part-statistics.js';
import { countRoutedTokens, type RoutedTokensOutput } from '../per-example/routed-tokens.js';
import type { StatisticContext } from '../per-example/statistic-context.js';
import { requireCotangent } from '../require-cotangent.js';
import {
  type CarriedUse,
  carriedTensors,
  carriedTerm,
  carryUse,
  isCarriedFor,
  type UseContext,
} from './carried-uses.js';
import { findSegments, type Segment } from './find-segments.js';

/** One segment's graphs. A tensor that goes from one graph to another has the same name in both. */
export interface SegmentGraphs {
  /** Computes the segment's end from its start; the last segment's backward graph does without. */
  readonly forward: Graph | undefined;
  /** The tensor the segment starts from; the first starts from the graph's inputs. */
  readonly start: string | undefined;
  readonly end: string;
  /**
   * Computes the cotangent of `start` and the norms from `start` and the cotangent of `end`; for
   * that it runs the segment forward again. That of the last segment starts from the loss.
   */
  readonly backward: Graph;
  readonly startCotangent: string | undefined;
  readonly endCotangent: string | undefined;
  /** The output with ℓₙ per example, which the last segment has. */
  readonly losses: string | undefined;
  /**
   * By parameter, the output with this segment's part of ‖gₙ‖². The parts of a parameter that
   * several segments use add up to its norm.
   */
  readonly norms: ReadonlyMap<string, string>;
  /** The outputs with this segment's part of marginals, where they are asked for. */
  readonly marginals: readonly MarginalOutputs[];
  /** The outputs with routed tokens of the layers of experts in this segment. */
  readonly routedTokens: readonly RoutedTokensOutput[];
  /** Outputs of the backward graph that backward graphs of earlier segments take. */
  readonly carried: readonly string[];
}

type Uses = ReadonlyMap<string, readonly ParameterUse[]>;

/** What a segment finds of a parameter, or of a part of one. */
interface SegmentStatistics extends GradientStatistics {
  readonly name: string;
  readonly uses: readonly ParameterUse[];
}

/**
 * The computation of `buildSensitivityGraph` cut into segments, first to last. Forward graphs run in
 * order and keep only what crosses the cuts; backward graphs run in reverse. The numbers are the
 * same, and at any time the weights and activations of one segment suffice.
 *
 * @throws LayersenseError `unsupported_operator`
 */
export function buildSegments(
  model: DifferentiableModel,
  options: SensitivityOptions,
): readonly SegmentGraphs[] {
  const { builder, logits, parameters } = model;
  const segments = findSegments(builder, logits, parameters);
  const uses = findParameterUses(builder, parameters);
  const owned = segments.map((segment) => usesWithin(model, segment, uses));
  const carried = new Map<string, CarriedUse[]>();
  return segments
    .map((segment, i) => ({ segment, uses: owned[i] ?? new Map(), earlier: owned.slice(0, i) }))
    .reverse()
    .map(({ segment, uses: own, earlier }) =>
      buildSegment(model, options, segment, own, earlier, carried),
    )
    .reverse();
}

/** The uses whose output a segment computes. What it only computes again depends on no parameter. */
function usesWithin({ builder }: DifferentiableModel, segment: Segment, uses: Uses): Uses {
  const slice = sliceGraph(builder, 'segment', startOf(segment), [segment.end]);
  const start = segment.start?.name;
  const within = [...uses].map(([name, each]) => {
    const here = each.filter(
      ({ output }) => output.name !== start && slice.values.has(output.name),
    );
    return [name, here] as const;
  });
  return new Map(within.filter(([, here]) => here.length > 0));
}

function buildSegment(
  model: DifferentiableModel,
  options: SensitivityOptions,
  segment: Segment,
  usesHere: Uses,
  earlier: readonly Uses[],
  carried: Map<string, CarriedUse[]>,
): SegmentGraphs {
  const { builder, shape, logits } = model;
  const earlierUses = (name: string) => earlier.flatMap((each) => each.get(name) ?? []);
  const needed = [segment.end, ...lookedUpTokens([...usesHere.keys()].flatMap(earlierUses))];
  const g = sliceGraph(builder, 'segment', startOf(segment), needed);
  const lookupsOf = (name: string) =>
    lookedUpTokens([...earlierUses(name), ...(usesHere.get(name) ?? [])]);
  const loss =
    segment.end === logits
      ? attachHeadLoss(g, { logits, batch: shape.batch, ...options }, usesHere, lookupsOf)
      : undefined;
  const uses = loss?.uses ?? usesHere;
  const endCotangent = loss
    ? undefined
    : g.input(`${segment.end.name}#cotangent`, segment.end.dtype, segment.end.shape);
  const seeds =
    loss?.seeds ?? new Map(endCotangent ? [[segment.end.name, endCotangent] as const] : []);

  const outputs = [...uses.values()].flatMap((each) => each.map((use) => use.output));
  const wrt = [...startOf(segment), ...outputs];
  const cotangents = buildPullback(g, seeds, wrt);
  const cotangentOf = (value: Value) => requireCotangent(cotangents, value);
  const context: StatisticContext = {
    g,
    batch: shape.batch,
    path: options.path ?? 'auto',
    marginals: options.marginals ?? false,
    grams: new Map(),
    cotangentOf,
  };

  const found: SegmentStatistics[] = [];
  const handed: Value[] = [];
  for (const [name, own] of uses) {
    const later = carried.get(name) ?? [];
    const crossed = g.scope(`${name}#crossed`, () => crossTerms(context, own, later));
    const parts = model.parts?.get(name);
    if (parts && crossed.length > 0) throw packedAndShared(name);
    for (const [of, statistics] of statisticsWithParts(context, name, own, parts)) {
      const { shape: stored } = g.value(name);
      found.push({ name: of, uses: own, ...withCrossed(g, stored, statistics, crossed) });
    }
    const handing = g.scope(`${name}#carried`, () => carryUses(context, own, earlierUses(name)));
    carried.set(name, [...(carried.get(name) ?? []), ...handing]);
    handed.push(...handing.flatMap(carriedTensors));
  }
  const routed = countRoutedTokens(g, model);
  const startCotangent = segment.start && cotangentOf(segment.start);
  const statistics = found.flatMap(({ squaredNorm, marginals: sums }) =>
    sums ? [squaredNorm, sums.first, sums.second] : [squaredNorm],
  );
  const results = [startCotangent, loss?.losses, ...statistics, ...routed.counts, ...handed];
  return {
    forward: loss ? undefined : forwardGraph(model, segment),
    start: segment.start?.name,
    end: segment.end.name,
    backward: oneCastPerUse(g.build(results.filter((value) => value !== undefined))),
    startCotangent: startCotangent?.name,
    endCotangent: endCotangent?.name,
    losses: loss?.losses.name,
    norms: new Map(found.map(({ name, squaredNorm }) => [name, squaredNorm.name])),
    marginals: found.flatMap(({ name, uses: of, marginals: sums }) =>
      sums ? [marginalOutputs(name, sums, of)] : [],
    ),
    routedTokens: routed.outputs,
    carried: handed.map((value) => value.name),
  };
}

/** The statistics of a segment's own uses with what uses in later segments make of them. */
function withCrossed(
  g: GraphBuilder,
  shape: readonly number[],
  { squaredNorm, marginals }: GradientStatistics,
  crossed: readonly GramTerm[],
): GradientStatistics {
  const norm = crossed.reduce(
    (sum, { innerProduct }) => g.add(sum, g.add(innerProduct, innerProduct)),
    squaredNorm,
  );
  if (!marginals) return { squaredNorm: norm };
  const sums = crossed.length > 0 ? gramMarginals(g, shape, crossed) : undefined;
  return { squaredNorm: norm, marginals: sums ? addAxisSums(g, marginals, sums) : marginals };
}

/** ⟨G, G′⟩ for every use here and every use of the same parameter in later segments. */
function crossTerms(
  context: StatisticContext,
  own: readonly ParameterUse[],
  carried: readonly CarriedUse[],
): GramTerm[] {
  return carried.flatMap((later) => {
    const there = declare(context, later);
    const partners = own.filter((use) => isCarriedFor(later, use));
    return partners.map((use) => carriedTerm(context, use, there));
  });
}

function packedAndShared(name: string): LayersenseError {
  return new LayersenseError(
    'unsupported_operator',
    `${name} is a packed weight that several segments use, which only the whole plan can score. Choose --plan whole.`,
    { parameter: name },
  );
}

/** The carried tensors as inputs of this graph. */
function declare({ g }: UseContext, use: CarriedUse): CarriedUse {
  const input = ({ name, dtype, shape }: Value) =>
    g.values.get(name) ?? g.input(name, dtype, shape);
  return use.kind === 'lookup'
    ? { ...use, x: input(use.x), atTokens: input(use.atTokens) }
    : { ...use, x: input(use.x), delta: input(use.delta) };
}

/** What earlier segments need of the uses here: once for all projections, and per lookup. */
function carryUses(
  context: UseContext,
  own: readonly ParameterUse[],
  earlier: readonly ParameterUse[],
): CarriedUse[] {
  const key = (use: ParameterUse) => (use.kind === 'embedding' ? use.tokens.name : 'projection');
  const partners = new Map(earlier.map((use) => [key(use), use]));
  return own.flatMap((use) =>
    [...partners.values()].map((partner) => carryUse(context, use, partner)),
  );
}

function forwardGraph({ builder }: DifferentiableModel, segment: Segment): Graph {
  const g = sliceGraph(builder, 'segment', startOf(segment), [segment.end]);
  return oneCastPerUse(g.build([g.value(segment.end.name)]));
}

function startOf({ start }: Segment): readonly Value[] {
  return start ? [start] : [];
}
