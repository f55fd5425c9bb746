import type { Checkpoint } from '@layersense/model-source';
import { type DamageGraphs, headUsesAny, usesAny } from './damage-graphs.js';
import type { ReplacedWeight, Variant } from './variant.js';

/** Where a variant's way through the model is another than the original's. */
export interface VariantRoute {
  /** The first segment with replaced weights; as many as there are where no segment has any. */
  readonly first: number;
  /** The replaced weights of every segment. */
  readonly segments: readonly ReplacedWeights[];
  /** Those of the head. */
  readonly head: ReplacedWeights;
}

export type ReplacedWeights = ReadonlyMap<string, ReplacedWeight>;

export function routeOf(
  { segments, head }: DamageGraphs,
  { weights }: Variant,
  { tensors }: Pick<Checkpoint, 'tensors'>,
): VariantRoute {
  const those = (isUsed: (ref: NonNullable<ReturnType<typeof tensors.get>>) => boolean) =>
    new Map(
      [...weights].filter(([name]) => {
        const ref = tensors.get(name);
        return ref !== undefined && isUsed(ref);
      }),
    );
  const ofSegments = segments.map(({ graph }) => those((ref) => usesAny(graph, [ref])));
  const first = ofSegments.findIndex(({ size }) => size > 0);
  return {
    first: first < 0 ? segments.length : first,
    segments: ofSegments,
    head: those((ref) => headUsesAny(head, [ref])),
  };
}
