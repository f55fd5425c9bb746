import type { ScoreReport } from '@layersense/contracts';
import { spearman } from '@layersense/statistics';

export interface Placement {
  readonly rank: number;
  /** Of the largest score in the same report. */
  readonly share: number;
}

export interface ComparedLayer {
  readonly parameter: string;
  readonly layer: string;
  readonly first: Placement;
  readonly second: Placement;
}

export interface Comparison {
  /** In the order of the first report. */
  readonly layers: readonly ComparedLayer[];
  /** Spearman's, over all of `layers`. */
  readonly correlation: number;
}

/** The parameters that both reports score, with their place in each. */
export function compareRankings(first: ScoreReport, second: ScoreReport): Comparison {
  const seconds = placements(second);
  const layers = [...placements(first)].flatMap(([parameter, { layer, ...place }]) => {
    const other = seconds.get(parameter);
    return other
      ? [{ parameter, layer, first: place, second: { rank: other.rank, share: other.share } }]
      : [];
  });
  const correlation = spearman(
    layers.map((layer) => layer.first.share),
    layers.map((layer) => layer.second.share),
  );
  return { layers, correlation };
}

function placements({ run, scores }: ScoreReport): Map<string, Placement & { layer: string }> {
  const [metric = ''] = run.metrics;
  const ranked = scores.toSorted((left, right) => left.rank - right.rank);
  const largest = ranked[0]?.values[metric] ?? 0;
  return new Map(
    ranked.map(({ parameter, layer, rank, values }) => {
      const share = largest > 0 ? (values[metric] ?? 0) / largest : 0;
      return [parameter, { layer, rank, share }];
    }),
  );
}

/** The `count` layers whose rank changes most; among equals the one that ranks higher. */
export function largestMoves({ layers }: Comparison, count: number): readonly ComparedLayer[] {
  const distance = ({ first, second }: ComparedLayer): number => Math.abs(first.rank - second.rank);
  return layers
    .filter((layer) => distance(layer) > 0)
    .toSorted((left, right) => distance(right) - distance(left))
    .slice(0, count);
}
