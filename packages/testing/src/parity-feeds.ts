import type { Arithmetic } from '@layersense/models';
import type { TensorData, Tensors } from '@layersense/runtime';
import type { ParityCase } from './parity-fixtures.js';

/** A case's examples as one batch, padded on the right to `length`. */
export function parityFeeds(
  { input_ids, loss }: Pick<ParityCase, 'input_ids' | 'loss'>,
  length: number,
  arithmetic: Arithmetic,
): Tensors {
  const rows = input_ids.length * length;
  const ids = new BigInt64Array(rows);
  const labels = new BigInt64Array(rows);
  const Numbers = arithmetic === 'float64' ? Float64Array : Float32Array;
  const weights = new Numbers(rows);
  const mask = new Numbers(rows);
  input_ids.forEach((tokens, example) => {
    const start = example * length;
    ids.set(tokens.map(BigInt), start);
    labels.set(tokens.slice(1).map(BigInt), start);
    const weight = loss === 'token-mean' ? 1 / (tokens.length - 1) : 1;
    weights.fill(weight, start, start + tokens.length - 1);
    mask.fill(1, start, start + tokens.length);
  });
  return {
    input_ids: { dtype: 'int64', shape: [input_ids.length, length], data: ids },
    labels: { dtype: 'int64', shape: [rows], data: labels },
    loss_weights: vector(weights),
    token_mask: vector(mask),
  };
}

function vector(data: Float32Array | Float64Array): TensorData {
  return data instanceof Float64Array
    ? { dtype: 'float64', shape: [data.length], data }
    : { dtype: 'float32', shape: [data.length], data };
}
