import type { FisherParams } from '@layersense/contracts';
import type { BatchMarginals } from '@layersense/runs';
import type { Session, TensorData, Tensors } from '@layersense/runtime';
import type { MarginalOutputs, RoutedTokensOutput } from '@layersense/sensitivity';
import { labelUniforms } from '@layersense/statistics';
import type { DrawnBatch } from '../examples/pending-batches.js';

/** What a sensitivity graph may take as inputs for one batch; which it does depends on the model. */
export function batchFeeds(
  batch: DrawnBatch,
  datasetRows: readonly number[],
  { labels, seed }: Pick<FisherParams, 'labels' | 'seed'>,
): Tensors {
  const rows = batch.lossWeights.length;
  const tokens = (data: BigInt64Array) =>
    ({ dtype: 'int64', shape: [batch.batch, batch.length], data }) as const;
  return {
    input_ids: tokens(batch.inputIds),
    attention_mask: tokens(attentionMaskOf(batch)),
    token_type_ids: tokens(batch.segments),
    loss_weights: { dtype: 'float32', shape: [rows], data: batch.lossWeights },
    token_mask: { dtype: 'float32', shape: [batch.tokenMask.length], data: batch.tokenMask },
    ...(labels === 'data'
      ? { labels: { dtype: 'int64', shape: [rows], data: batch.labels } }
      : { uniforms: uniforms(batch, datasetRows, seed) }),
  };
}

function uniforms(batch: DrawnBatch, datasetRows: readonly number[], seed: number): TensorData {
  const data = new Float32Array(batch.lossWeights.length);
  const perExample = data.length / batch.batch;
  batch.examplePositions.forEach((position, i) => {
    const row = datasetRows[position] ?? position;
    data.set(labelUniforms(seed, row, perExample, batch.draw), i * perExample);
  });
  return { dtype: 'float32', shape: [data.length, 1], data };
}

/** 1 for tokens; all ones in an empty row, whose softmax must have a value. */
function attentionMaskOf({ tokenMask, examplePositions, length }: DrawnBatch): BigInt64Array {
  return BigInt64Array.from(tokenMask, BigInt).fill(1n, examplePositions.length * length);
}

/** Those of the `feeds` that a session takes. */
export function feedsOf(session: Pick<Session, 'inputs'>, feeds: Tensors): Tensors {
  return Object.fromEntries(
    session.inputs.flatMap((name) => {
      const tensor = feeds[name];
      return tensor ? [[name, tensor] as const] : [];
    }),
  );
}

/** The tokens of each example that a parameter of an expert saw, out of the `outputs` of a run. */
export function routedTokensOf(
  outputs: Tensors,
  layers: readonly RoutedTokensOutput[],
): ReadonlyMap<string, readonly number[]> {
  const byParameter = new Map<string, readonly number[]>();
  for (const { output, experts } of layers) {
    const counts = statisticOf(outputs[output]);
    const examples = Array.from({ length: counts.length / experts.length }, (_, row) => row);
    experts.forEach((parameters, e) => {
      const ofExpert = examples.map((row) => counts[row * experts.length + e] ?? Number.NaN);
      for (const name of parameters) byParameter.set(name, ofExpert);
    });
  }
  return byParameter;
}

/** The marginals of matrices, out of the `outputs` of a run. */
export function marginalsOf(
  outputs: Tensors,
  matrices: readonly MarginalOutputs[],
): ReadonlyMap<string, BatchMarginals> {
  return new Map(
    matrices.map(({ name, byOutput, byInput }) => [
      name,
      { byOutput: statisticOf(outputs[byOutput]), byInput: statisticOf(outputs[byInput]) },
    ]),
  );
}

/** The elements of a statistic, which is [batch] or [batch, width]. */
export function statisticOf(tensor: TensorData | undefined): Float32Array | Float64Array {
  if (tensor?.dtype === 'float32' || tensor?.dtype === 'float64') return tensor.data;
  throw new TypeError(`a statistic came back as ${tensor?.dtype ?? 'nothing'}`);
}
