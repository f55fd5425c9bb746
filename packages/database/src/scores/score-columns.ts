import { isPart, type LayerScore } from '@layersense/contracts';
import { moments, ranks } from '@layersense/statistics';

/** Rows of layer_score in columns, as `unnest` takes them. */
export interface ScoreColumns {
  readonly parameter: string[];
  readonly metric: string[];
  readonly value: (number | null)[];
  readonly rank: number[];
  readonly n: (number | null)[];
  readonly m2: (number | null)[];
  readonly standardError: (number | null)[];
  readonly topKProbability: (number | null)[];
  /** Start (from 1) and length of the row's slice of `perExample`; a length of 0 is for none. */
  readonly start: number[];
  readonly length: number[];
  readonly perExample: number[];
  readonly routedTokens: (number | null)[];
  readonly routedExamples: (number | null)[];
  /** Start and length of the row's slice of `perExampleRoutedTokens`, likewise. */
  readonly routedStart: number[];
  readonly routedLength: number[];
  readonly perExampleRoutedTokens: number[];
}

/**
 * One row per score and metric. The score's own rank, error and per-example values belong to the run's
 * first metric; the others are ranked here by value, with nulls last and ties in the order of the first,
 * and parts of packed weights taking no rank from the others.
 */
export function toScoreColumns(
  metrics: readonly string[],
  scores: readonly LayerScore[],
): ScoreColumns {
  const columns: ScoreColumns = {
    parameter: [],
    metric: [],
    value: [],
    rank: [],
    n: [],
    m2: [],
    standardError: [],
    topKProbability: [],
    start: [],
    length: [],
    perExample: [],
    routedTokens: [],
    routedExamples: [],
    routedStart: [],
    routedLength: [],
    perExampleRoutedTokens: [],
  };
  metrics.forEach((metric, order) => {
    const ranking = order === 0;
    const ranked = ranking ? scores.map(({ rank }) => rank) : ranksBy(metric, scores);
    scores.forEach((score, index) => {
      const { standard_error: error, per_example: examples = [] } = ranking
        ? score
        : (score.other_metrics?.[metric] ?? { standard_error: null });
      columns.parameter.push(score.parameter);
      columns.metric.push(metric);
      columns.value.push(score.values[metric] ?? null);
      columns.rank.push(ranked[index] ?? 0);
      columns.n.push(score.n);
      columns.m2.push(examples.length > 0 ? moments(examples).m2 : null);
      columns.standardError.push(error);
      columns.topKProbability.push(ranking ? (score.top_k_probability ?? null) : null);
      columns.start.push(columns.perExample.length + 1);
      columns.length.push(examples.length);
      for (const value of examples) columns.perExample.push(value);
      const routed = ranking ? (score.per_example_routed_tokens ?? []) : [];
      columns.routedTokens.push(score.routed_tokens);
      columns.routedExamples.push(score.routed_examples);
      columns.routedStart.push(columns.perExampleRoutedTokens.length + 1);
      columns.routedLength.push(routed.length);
      for (const tokens of routed) columns.perExampleRoutedTokens.push(tokens);
    });
  });
  return columns;
}

function ranksBy(metric: string, scores: readonly LayerScore[]): number[] {
  return ranks(
    scores.map(({ values }) => values[metric] ?? null),
    {
      ties: scores.map(({ rank }) => rank),
      counted: scores.map(({ parameter }) => !isPart(parameter)),
    },
  );
}
