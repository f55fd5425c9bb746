import {
  isPart,
  type LayerScore,
  layerName,
  type MatrixDamage,
  type PredictedDamage,
  type PriceJobSpec,
  priceMetrics,
} from '@layersense/contracts';
import { formatsOf } from '@layersense/formats';
import { elementCount } from '@layersense/onnx-ir';
import { predictedDamage } from '@layersense/runs';
import { rankBy } from '@layersense/statistics';
import { openFormatJob, overMatrices } from '../../matrices/format-job.js';
import { KeptResults } from '../../matrices/kept-results.js';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Scored } from '../method-computation.js';
import { type Gradients, gradientsOf } from './gradients-of.js';
import { KeptPrices, type PricedRows, priceMatrix } from './price-matrix.js';

/** Predictions that one run may store, each with the products of its groups. */
const MOST_PRICES = 200_000;

/** One pass over the weights, without a gradient: those of a stored run are taken. */
export async function scorePrices(spec: PriceJobSpec, job: OpenedJob): Promise<Scored> {
  const formats = formatsOf(spec);
  const { run: id, parameters } = spec.params;
  const gradients = await gradientsOf(id, job.model, job.services);
  const values = { each: 1, atMost: MOST_PRICES };
  const work = await openFormatJob(job, { formats, parameters, values });
  const kept = new KeptResults(work.files, { name: 'price', schema: KeptPrices, formats });
  const priced = await overMatrices(work, job, (weight, matrix, tools) =>
    priceMatrix(weight, matrix, { ...tools, formats, gradients, kept }),
  );
  const all = priced.flatMap(({ results }) => results.flat());
  const matrices = formats.flatMap(({ name }) =>
    all.flatMap((rows) => damageOf(rows, name, gradients)),
  );
  const shapes = new Map([
    ...all.map(({ rows }) => [rows.name, rows.shape] as const),
    ...priced.map(({ weight }) => [weight.parameter, weight.shape] as const),
  ]);
  const predicted = predictedDamage(matrices, gradients.groups);
  return {
    scores: scoresOf(
      shapes,
      predicted,
      formats.map(({ name }) => name),
    ),
    damage: { matrices },
    pricedRun: { run_id: id, groups: gradients.groups },
    derivedFrom: [{ run_id: id, examples: gradients.run.dataset?.examples ?? 0 }],
    leftOut: work.leftOut,
    notes: [...gradients.notes, ...scalarNotes(all, gradients), ...work.notes, ...kept.notes],
    facts: { arithmetic: 'float64' },
  };
}

/** Parts without marginals in a run that has them. */
function scalarNotes(all: readonly PricedRows[], { groups }: Gradients): readonly string[] {
  const without = all.filter(({ gradient }) => !gradient.marginals);
  const [first] = without;
  if (groups === null || first === undefined) return [];
  return [
    `${without.length} of the matrices have no marginals and the scalar form for a price, ${first.rows.name} the first of them`,
  ];
}

function damageOf(
  { rows, gradient, formats }: PricedRows,
  format: string,
  { groups }: Gradients,
): readonly MatrixDamage[] {
  const price = formats.get(format);
  if (!price) return [];
  const { squaredError, products, bitsPerWeight } = price;
  const { scalar, scalarError, marginals } = gradient;
  const damage = {
    parameter: rows.name,
    format,
    numel: elementCount(rows.shape),
    bitsPerWeight,
    squaredError,
    scalarKl: scalar * squaredError,
    scalarError: scalarError === null ? null : scalarError * squaredError,
  };
  if (!marginals || !groups) return [damage];
  const sums = sumsByGroup(marginals.byOutput, groups.length);
  return [{ ...damage, products: { products: Float64Array.from(products), sums } }];
}

/** R_g = Σ_a r_g,a of [groups, outputs]. */
function sumsByGroup(byOutput: Float64Array, groups: number): Float64Array {
  const width = byOutput.length / groups;
  return Float64Array.from({ length: groups }, (_, g) =>
    byOutput.subarray(g * width, (g + 1) * width).reduce((a, b) => a + b, 0),
  );
}

/** The predictions of each weight and part, in the order of the weights, ranked by those of the first format. */
function scoresOf(
  shapes: ReadonlyMap<string, readonly number[]>,
  predicted: readonly PredictedDamage[],
  formats: readonly string[],
): LayerScore[] {
  const byParameter = new Map<string, Map<string, PredictedDamage>>();
  for (const each of predicted) {
    const own = byParameter.get(each.parameter) ?? new Map<string, PredictedDamage>();
    byParameter.set(each.parameter, own.set(each.format, each));
  }
  const [ranking = '', ...others] = formats;
  const scores = [...shapes].map(([parameter, shape]) => {
    const own = byParameter.get(parameter);
    const errors = others.flatMap((format) => {
      const error = own?.get(format)?.standard_error ?? null;
      const metric = priceMetrics.metricOf(format, 'predicted_kl');
      return error === null ? [] : [[metric, { standard_error: error }] as const];
    });
    return {
      layer: layerName(parameter).layer,
      parameter,
      shape: [...shape],
      numel: elementCount(shape),
      n: null,
      values: Object.fromEntries(formats.flatMap((format) => valuesOf(format, own?.get(format)))),
      standard_error: own?.get(ranking)?.standard_error ?? null,
      ...(errors.length > 0 ? { other_metrics: Object.fromEntries(errors) } : {}),
      routed_tokens: null,
      routed_examples: null,
    };
  });
  return rankBy(
    scores,
    ({ values }) => values[priceMetrics.metricOf(ranking, 'predicted_kl')] ?? null,
    ({ parameter }) => !isPart(parameter),
  );
}

function valuesOf(format: string, predicted: PredictedDamage | undefined) {
  const values = {
    predicted_kl: predicted?.predicted_kl ?? null,
    scalar_kl: predicted?.scalar_kl ?? null,
    bits_per_weight: predicted?.bits_per_weight ?? null,
  };
  return (['predicted_kl', 'scalar_kl', 'bits_per_weight'] as const).map(
    (metric) => [priceMetrics.metricOf(format, metric), values[metric]] as const,
  );
}
