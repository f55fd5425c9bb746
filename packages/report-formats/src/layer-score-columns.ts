import type { LayerScore } from '@layersense/contracts';
import type { RecordColumn } from './record-column.js';

/**
 * A score in one line, with a column for each metric. Empty cells are values that a run does not have;
 * variance, error, interval and probability are of the first metric.
 */
export function layerScoreColumns(metrics: readonly string[]): readonly RecordColumn<LayerScore>[] {
  return [
    ['rank', ({ rank }) => rank],
    ['layer', ({ layer }) => layer],
    ['parameter', ({ parameter }) => parameter],
    ['shape', ({ shape }) => shape.join('x')],
    ['numel', ({ numel }) => numel],
    ['n', ({ n }) => n],
    ...metrics.map((metric): RecordColumn<LayerScore> => [metric, ({ values }) => values[metric]]),
    ['variance', ({ variance }) => variance],
    ['standard_error', ({ standard_error: error }) => error],
    ['confidence_low', ({ confidence_interval: interval }) => interval?.[0]],
    ['confidence_high', ({ confidence_interval: interval }) => interval?.[1]],
    ['top_k_probability', ({ top_k_probability: probability }) => probability],
    ['routed_tokens', ({ routed_tokens: tokens }) => tokens],
    ['routed_examples', ({ routed_examples: examples }) => examples],
  ];
}
