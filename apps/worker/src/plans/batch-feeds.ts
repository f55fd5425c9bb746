import type { FisherParams } from '@layersense/contracts';
import type { TensorData, Tensors } from '@layersense/runtime';
import { labelUniforms, type RoutedTokensOutput } from '@layersense/sensitivity';
import type { DrawnBatch } from '../pending-batches.js';

/** The inputs of a sensitivity graph for one batch. */
export function batchFeeds(
  batch: DrawnBatch,
  datasetRows: readonly number[],
  { labels, seed }: FisherParams,
): Tensors {
  const positions = batch.batch * batch.length;
  return {
    input_ids: { dtype: 'int64', shape: [batch.batch, batch.length], data: batch.inputIds },
    loss_weights: { dtype: 'float32', shape: [positions], data: batch.lossWeights },
    token_mask: { dtype: 'float32', shape: [positions], data: batch.tokenMask },
    ...(labels === 'data'
      ? { labels: { dtype: 'int64', shape: [positions], data: batch.labels } }
      : { uniforms: uniforms(batch, datasetRows, seed) }),
  };
}

function uniforms(batch: DrawnBatch, datasetRows: readonly number[], seed: number): TensorData {
  const data = new Float32Array(batch.batch * batch.length);
  batch.examplePositions.forEach((position, i) => {
    const row = datasetRows[position] ?? position;
    data.set(labelUniforms(seed, row, batch.length, batch.draw), i * batch.length);
  });
  return { dtype: 'float32', shape: [data.length, 1], data };
}

/** By parameter of an expert, the tokens of each example that it saw; `outputs` are those of a run. */
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

/** The elements of a statistic, which is [batch] or [batch, experts]. */
export function statisticOf(tensor: TensorData | undefined): Float32Array | Float64Array {
  if (tensor?.dtype === 'float32' || tensor?.dtype === 'float64') return tensor.data;
  throw new TypeError(`a statistic came back as ${tensor?.dtype ?? 'nothing'}`);
}
