import {
  isPart,
  type LayerScore,
  layerName,
  type MetricError,
  measureMetrics,
  WHOLE_MODEL,
} from '@layersense/contracts';
import type { MeasuredDamage, MeasuredMean } from '@layersense/runs';
import { confidenceInterval, moments, rankBy } from '@layersense/statistics';
import type { MeasuredVariants } from './variants.js';

interface Means {
  /** A format, or an assignment. */
  readonly of: string;
  readonly means: ReturnType<MeasuredDamage['meansOf']>;
}

interface Row extends Pick<LayerScore, 'layer' | 'parameter' | 'shape' | 'numel'> {
  readonly measured: readonly Means[];
}

/**
 * The scores: of pairs one for every matrix, with the metrics of each format; of assignments one for the
 * model as a whole, with the metrics of each assignment.
 *
 * @param metrics of the run; the first one ranks
 * @param parameters how many the model has
 */
export function summarizeMeasure(
  measured: MeasuredVariants,
  damage: MeasuredDamage,
  {
    metrics,
    parameters,
  }: { readonly metrics: readonly string[]; readonly parameters: number | null },
): readonly LayerScore[] {
  const rows = measured.kind === 'pairs' ? pairRows(measured.variants, damage) : [wholeRow()];
  const scores = rows.map((row) => scoreOf(row, metrics));
  return rankBy(
    scores,
    ({ values }) => values[metrics[0] ?? ''] ?? null,
    ({ parameter }) => !isPart(parameter),
  );

  function wholeRow(): Row {
    const means = measured.variants.map(({ name }, i) => ({ of: name, means: damage.meansOf(i) }));
    const [layer, parameter] = [WHOLE_MODEL, WHOLE_MODEL];
    return { layer, parameter, shape: [], numel: parameters, measured: means };
  }
}

function pairRows(
  variants: Extract<MeasuredVariants, { kind: 'pairs' }>['variants'],
  damage: MeasuredDamage,
): readonly Row[] {
  const rows = new Map<string, Omit<Row, 'measured'> & { measured: Means[] }>();
  variants.forEach(({ of: { matrix }, format }, i) => {
    const { name: parameter, shape } = matrix;
    const numel = shape.reduce((product, size) => product * size, 1);
    const row = rows.get(parameter) ?? {
      layer: layerName(parameter).layer,
      parameter,
      shape: [...shape],
      numel,
      measured: [],
    };
    row.measured.push({ of: format, means: damage.meansOf(i) });
    rows.set(parameter, row);
  });
  return [...rows.values()];
}

function scoreOf({ measured, ...row }: Row, metrics: readonly string[]): Omit<LayerScore, 'rank'> {
  const means = new Map<string, MeasuredMean>(
    measured.flatMap(({ of, means: { kl, deltaCrossEntropy, agreement } }) => [
      [measureMetrics.metricOf(of, 'kl'), kl],
      [measureMetrics.metricOf(of, 'delta_cross_entropy'), deltaCrossEntropy],
      [measureMetrics.metricOf(of, 'top1_agreement'), agreement],
    ]),
  );
  const [ranking = '', ...others] = metrics;
  const first = means.get(ranking);
  const n = measured[0]?.means.kl.perExample.length ?? 0;
  const errors: Record<string, MetricError> = {};
  for (const metric of others) {
    const { standardError = null, perExample = [] } = means.get(metric) ?? {};
    if (standardError === null) continue;
    errors[metric] = { standard_error: standardError, per_example: [...perExample] };
  }
  return {
    ...row,
    n,
    values: Object.fromEntries(metrics.map((metric) => [metric, means.get(metric)?.value ?? null])),
    standard_error: first?.standardError ?? null,
    ...(first ? uncertainty(first, n) : {}),
    routed_tokens: null,
    routed_examples: null,
    ...(first ? { per_example: [...first.perExample] } : {}),
    ...(Object.keys(errors).length > 0 ? { other_metrics: errors } : {}),
  };
}

function uncertainty(
  { value, standardError, perExample }: MeasuredMean,
  n: number,
): Pick<LayerScore, 'variance' | 'confidence_interval'> {
  const { variance } = moments(perExample);
  const interval = confidenceInterval(value, standardError, n);
  return {
    ...(variance === null ? {} : { variance }),
    ...(interval === null ? {} : { confidence_interval: interval }),
  };
}
