import type { LayerScore, Stability } from '@layersense/contracts';
import { isPart, layerName } from '@layersense/contracts';
import {
  confidenceInterval,
  moments,
  rankBy,
  type TopKStability,
  topKStability,
} from '@layersense/statistics';
import type { ExampleStatistics } from './fisher-accumulator.js';

export interface FisherSummary {
  /** Sorted as the parameters are; ranked by `sum`. */
  readonly scores: readonly LayerScore[];
  readonly meanLoss: number;
  readonly exampleLosses: readonly number[];
  readonly stability: Stability | null;
}

export interface SummaryOptions {
  readonly shapeOf: (parameter: string) => readonly number[];
  /** The bootstrap's settings; `k` is the size of the top that is looked at. */
  readonly bootstrap: { readonly k: number; readonly seed: number };
}

/**
 * What the per-example values say: `sum` = (1/N) Σₙ ‖gₙ(W)‖², `density` = sum / numel(W), the
 * uncertainty of `sum`, and that of the ranking.
 */
export function summarizeFisher(
  { losses, squaredNorms, routedTokens }: ExampleStatistics,
  { shapeOf, bootstrap }: SummaryOptions,
): FisherSummary {
  const stability = stabilityOf({ losses, squaredNorms }, bootstrap);
  const inclusion = new Map(
    wholes(squaredNorms).map(([name], i) => [name, stability?.inclusion[i]]),
  );
  const scores = [...squaredNorms].map(([parameter, norms]) => {
    const shape = [...shapeOf(parameter)];
    const numel = shape.reduce((product, size) => product * size, 1);
    const { n, mean, variance, standardError } = moments(norms);
    const interval = confidenceInterval(mean, standardError, n);
    const topKProbability = inclusion.get(parameter);
    return {
      layer: layerName(parameter).layer,
      parameter,
      shape,
      numel,
      n,
      values: { sum: mean, density: mean / numel },
      standard_error: standardError,
      ...(variance === null ? {} : { variance }),
      ...(interval === null ? {} : { confidence_interval: interval }),
      ...(topKProbability === undefined ? {} : { top_k_probability: topKProbability }),
      ...routing(routedTokens.get(parameter)),
      per_example: Array.from(norms),
    };
  });
  return {
    scores: rankBy(
      scores,
      (score) => score.values.sum,
      ({ parameter }) => !isPart(parameter),
    ),
    meanLoss: moments(losses).mean,
    exampleLosses: Array.from(losses),
    stability: stability && withoutInclusion(stability),
  };
}

/** Null where there is nothing to resample, or no layer beside the top k. */
export function stabilityOf(
  { losses, squaredNorms }: Pick<ExampleStatistics, 'losses' | 'squaredNorms'>,
  bootstrap: SummaryOptions['bootstrap'],
): TopKStability | null {
  const norms = wholes(squaredNorms).map(([, values]) => values);
  if (losses.length < 2 || norms.length <= bootstrap.k) return null;
  return topKStability(norms, bootstrap);
}

/** The norms without those of parts of packed weights, whose values count in the whole already. */
function wholes(squaredNorms: ExampleStatistics['squaredNorms']): [string, Float64Array][] {
  return [...squaredNorms].filter(([parameter]) => !isPart(parameter));
}

/** How much of the data an expert has seen; null for what sees all of it. */
function routing(
  tokens: Float64Array | undefined,
): Pick<LayerScore, 'routed_tokens' | 'routed_examples' | 'per_example_routed_tokens'> {
  if (!tokens) return { routed_tokens: null, routed_examples: null };
  return {
    routed_tokens: tokens.reduce((sum, count) => sum + count, 0),
    routed_examples: tokens.filter((count) => count > 0).length,
    per_example_routed_tokens: Array.from(tokens),
  };
}

function withoutInclusion({ k, resamples, probability, jaccard }: TopKStability): Stability {
  return { k, resamples, probability, jaccard };
}
