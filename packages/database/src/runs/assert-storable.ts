import { type LayerScore, LayersenseError, methodOf, type Run } from '@layersense/contracts';

type ScoredRun = Pick<Run, 'method' | 'metrics' | 'mean_loss'>;

/**
 * What must hold of a report before anything is written.
 *
 * @throws non_finite_gradient or non_finite_weight naming the layer
 * @throws invalid_request for no scores, a repeated parameter or a metric the method does not have
 */
export function assertStorable(run: ScoredRun, scores: readonly LayerScore[]): void {
  const method = methodOf(run.method);
  const unknown = run.metrics.filter((metric) => !method.hasMetric(metric));
  if (unknown.length > 0 || run.metrics.length === 0) {
    throw invalid(`The metrics of ${run.method} are ${method.metricNames}; got '${run.metrics}'.`);
  }
  if (scores.length === 0) throw invalid('A run needs the score of at least one parameter.');
  const seen = new Set<string>();
  for (const score of scores) {
    if (seen.has(score.parameter)) throw invalid(`'${score.parameter}' is scored twice.`);
    seen.add(score.parameter);
    const { other_metrics: others = {} } = score;
    const errors = [score, ...Object.values(others)];
    const values = [
      ...Object.values(score.values),
      ...errors.flatMap(({ standard_error, per_example = [] }) => [standard_error, ...per_example]),
    ];
    if (!values.every(isFiniteOrNull)) {
      throw notFinite(run, `The score of '${score.parameter}'`);
    }
  }
  if (!isFiniteOrNull(run.mean_loss)) throw notFinite(run, 'The mean loss');
}

function isFiniteOrNull(value: number | null): boolean {
  return value === null || Number.isFinite(value);
}

function notFinite({ method }: ScoredRun, what: string): LayersenseError {
  return new LayersenseError(
    methodOf(method).nonFinite,
    `${what} is not a finite number, so nothing was stored.`,
  );
}

function invalid(message: string): LayersenseError {
  return new LayersenseError('invalid_request', message);
}
