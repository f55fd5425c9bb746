import type { LayerScore } from '@layersense/contracts';
import { csvLine } from './csv-line.js';

/**
 * A header and a line for each score, in the order given, with a column for each metric and without
 * line ends. Empty cells are values that a run does not have; variance, error, interval and probability
 * are of the first metric.
 */
export function* layerScoreCsvLines(
  metrics: readonly string[],
  scores: readonly LayerScore[],
): Generator<string> {
  const columns = columnsOf(metrics);
  yield csvLine(columns.map(([name]) => name));
  for (const score of scores) yield csvLine(columns.map(([, cellOf]) => cellOf(score)));
}

type Column = readonly [
  name: string,
  cellOf: (score: LayerScore) => string | number | null | undefined,
];

function columnsOf(metrics: readonly string[]): readonly Column[] {
  return [
    ['rank', ({ rank }) => rank],
    ['layer', ({ layer }) => layer],
    ['parameter', ({ parameter }) => parameter],
    ['shape', ({ shape }) => shape.join('x')],
    ['numel', ({ numel }) => numel],
    ['n', ({ n }) => n],
    ...metrics.map((metric): Column => [metric, ({ values }) => values[metric]]),
    ['variance', ({ variance }) => variance],
    ['standard_error', ({ standard_error: error }) => error],
    ['confidence_low', ({ confidence_interval: interval }) => interval?.[0]],
    ['confidence_high', ({ confidence_interval: interval }) => interval?.[1]],
    ['top_k_probability', ({ top_k_probability: probability }) => probability],
    ['routed_tokens', ({ routed_tokens: tokens }) => tokens],
    ['routed_examples', ({ routed_examples: examples }) => examples],
  ];
}
