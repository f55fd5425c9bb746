import type { z } from 'zod';
import type { Labels, Loss } from '../loss.js';
import type { AnyJobSpec, sharedFields } from '../spec-fields.js';

/** Names of the values that a score has; the first one ranks the layers. */
export type Metrics = readonly [string, ...string[]];

/** A method over examples has `dataset` beside these. */
export type SpecFields = typeof sharedFields & {
  readonly method: z.ZodLiteral<string>;
  readonly params: z.ZodType<Readonly<Record<string, unknown>>>;
};

/** What the definition of a run's numbers depends on beside its spec. */
export interface ScoredWeights {
  /** How many of the scored weights are stored as integers. */
  readonly dequantized: number;
  /** Names of the stored tensors that were not scored, being no parameters. */
  readonly leftOut?: readonly string[];
  /** What else is to be known of them and of the examples, as clauses of a sentence. */
  readonly notes?: readonly string[];
}

/**
 * A way of scoring, as everything but its computation knows it. API, store, command line and formats
 * ask here, so that a further method changes none of them; `packages/scoring` has its computation
 * under the same name.
 */
export interface ScoringMethod {
  readonly name: string;
  /** Raised whenever a change alters a stored number; part of a run's identity. */
  readonly version: string;
  /** A strict object with `method`, `params` and the fields that every spec has. */
  readonly spec: z.ZodObject<SpecFields, z.core.$strict>;
  /** Of `params` alone, as it is described to people. */
  readonly params: z.ZodType;
  /** Parameters to describe it by, where its schema has no default for each. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The metrics of a run; docs/maths.md defines them. */
  metrics(spec: AnyJobSpec): Metrics;
  /** Whether a run of this method can have the metric. */
  hasMetric(metric: string): boolean;
  /** The metrics that its runs can have, in words. */
  readonly metricNames: string;
  /** The exact meaning of a run's numbers in a sentence, stored with them. */
  definition(spec: AnyJobSpec, weights: ScoredWeights): string;
  /** Whether its scores are means over examples: such runs can be divided into shards. */
  readonly overExamples: boolean;
  /**
   * Whether all that its runs say follows from the values of examples that are kept: such runs can be
   * extended and merged. Those over examples can unless they say otherwise.
   */
  readonly joinable?: boolean;
  /** What a value that is no finite number is about. */
  readonly nonFinite: 'non_finite_gradient' | 'non_finite_weight' | 'non_finite_damage';
  /** What is differentiated, for the columns of a run; neither where nothing is. */
  objective?(spec: AnyJobSpec): { readonly loss: Loss | undefined; readonly labels: Labels };
  /** Parameters that determine its numbers beside model, examples, loss and labels; none by default. */
  determining?(
    params: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>> | undefined;
  /** The numeric formats that a spec names; `packages/formats` tells which there are. */
  formats?(spec: AnyJobSpec): readonly string[];
  /** A further condition on a whole request. */
  readonly refusal?: {
    readonly path: readonly string[];
    readonly message: string;
    refuses(request: AnyJobSpec & { readonly shards?: number | undefined }): boolean;
  };
}

/** The metrics of a method whose runs all have the same. */
export function fixedMetrics(
  ...metrics: Metrics
): Pick<ScoringMethod, 'metrics' | 'hasMetric' | 'metricNames'> {
  return {
    metrics: () => metrics,
    hasMetric: (metric) => metrics.includes(metric),
    metricNames: metrics.join(', '),
  };
}
