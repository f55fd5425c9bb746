import { type DamageGraphs, headUses, usesWeight } from './damage-graphs.js';
import type { ReplacedWeight, Variant } from './variant.js';

/** Where a variant's way through the model is another than the original's. */
export interface VariantRoute {
  /** The first segment with replaced weights; as many as there are where no segment has any. */
  readonly first: number;
  /** The replaced weights of every segment. */
  readonly segments: readonly (readonly ReplacedWeight[])[];
  /** Those of the head. */
  readonly head: readonly ReplacedWeight[];
}

export function routeOf({ segments, head }: DamageGraphs, { weights }: Variant): VariantRoute {
  const ofSegments = segments.map(({ graph }) =>
    weights.filter(({ stored }) => usesWeight(graph, stored)),
  );
  const first = ofSegments.findIndex(({ length }) => length > 0);
  return {
    first: first < 0 ? segments.length : first,
    segments: ofSegments,
    head: weights.filter(({ stored }) => headUses(head, stored)),
  };
}
