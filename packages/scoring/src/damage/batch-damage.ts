import type { Batch } from '@layersense/calibration';
import type { TensorData, Tensors } from '@layersense/runtime';
import {
  DAMAGE_COLUMNS,
  damageOfToken,
  type ExampleDamage,
  REFERENCE_COLUMNS,
} from '@layersense/sensitivity';

/** What a variant does to the examples of a batch. */
export interface BatchDamage {
  readonly variant: number;
  /** Positions of the examples in the set. */
  readonly examples: readonly number[];
  readonly damage: readonly ExampleDamage[];
}

/** What is kept of the original model's logits on a batch, by row of the logits. */
export interface Reference {
  readonly logNormalizers: Float64Array;
  /** The most likely entry of the vocabulary. */
  readonly tops: Float64Array;
  /** The logit of what is to be predicted. */
  readonly targetLogits: Float64Array;
}

export function referenceOf(output: TensorData | undefined): Reference {
  const [logNormalizers, tops, targetLogits] = columnsOf(output, REFERENCE_COLUMNS);
  return { logNormalizers, tops, targetLogits };
}

/** The inputs of a damage graph beside hidden states. */
export function comparisonFeeds(batch: Batch, { logNormalizers, tops }: Reference): Tensors {
  const rows = batch.labels.length;
  const columns = new BigInt64Array(2 * rows);
  batch.labels.forEach((label, row) => {
    columns[2 * row] = label;
    columns[2 * row + 1] = BigInt(tops[row] ?? 0);
  });
  const normalizers = Float32Array.from(logNormalizers);
  return {
    log_normalizers: { dtype: 'float32', shape: [rows, 1], data: normalizers },
    columns: { dtype: 'int64', shape: [rows, 2], data: columns },
  };
}

/** Adds up what a damage graph says of the positions that carry loss, example by example. */
export function damageOf(
  batch: Batch,
  { logNormalizers, targetLogits }: Reference,
  output: TensorData | undefined,
): readonly ExampleDamage[] {
  const [weights, excesses, shifts, targets, atTop, largest] = columnsOf(output, DAMAGE_COLUMNS);
  const rowsOfExample = batch.lossWeights.length / batch.batch;
  return batch.examplePositions.map((_, example) => {
    let [positions, crossEntropy, kl, deltaCrossEntropy, agreements] = [0, 0, 0, 0, 0];
    for (let row = example * rowsOfExample; row < (example + 1) * rowsOfExample; row++) {
      if (!((batch.lossWeights[row] ?? 0) > 0)) continue;
      const of = (column: Float64Array) => column[row] ?? Number.NaN;
      const token = damageOfToken({
        weight: of(weights),
        excess: of(excesses),
        shift: of(shifts),
        targetShift: of(targets) - of(targetLogits),
      });
      positions += 1;
      crossEntropy += of(logNormalizers) - of(targetLogits);
      kl += token.kl;
      deltaCrossEntropy += token.deltaCrossEntropy;
      agreements += of(atTop) === of(largest) ? 1 : 0;
    }
    return { positions, crossEntropy, kl, deltaCrossEntropy, agreements };
  });
}

type Columns<Names extends readonly string[]> = { readonly [K in keyof Names]: Float64Array };

/** The columns of [rows, names]. */
function columnsOf<const Names extends readonly string[]>(
  tensor: TensorData | undefined,
  names: Names,
): Columns<Names> {
  if (tensor?.dtype !== 'float64') throw new TypeError(`sums came back as ${tensor?.dtype}`);
  const { data } = tensor;
  const rows = data.length / names.length;
  const columns = names.map((_, column) =>
    Float64Array.from(
      { length: rows },
      (__, row) => data[row * names.length + column] ?? Number.NaN,
    ),
  );
  return columns as unknown as Columns<Names>;
}
