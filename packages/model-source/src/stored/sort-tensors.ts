import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import type { Checkpoint } from '../open-checkpoint.js';
import { isBuffer, isFloating, type StoredTensor, storedTensors } from './stored-tensors.js';

/** Every tensor of a checkpoint, in the order of its files. */
export interface SortedTensors {
  /** Floating-point weights. */
  readonly weights: ReadonlyMap<string, TensorRef>;
  /** Names of what is known to be no parameter: position numbers, masks, statistics. */
  readonly buffers: readonly string[];
  /** What is neither. */
  readonly others: readonly StoredTensor[];
}

export function sortTensors(
  checkpoint: Pick<Checkpoint, 'tensors' | 'unsupported'>,
): SortedTensors {
  const weights = new Map<string, TensorRef>();
  const buffers: string[] = [];
  const others: StoredTensor[] = [];
  for (const tensor of storedTensors(checkpoint)) {
    if (isBuffer(tensor)) buffers.push(tensor.name);
    else if (tensor.ref && isFloating(tensor)) weights.set(tensor.name, tensor.ref);
    else others.push(tensor);
  }
  return { weights, buffers, others };
}

/** @throws LayersenseError `dtype_unsupported` naming a tensor that is neither weight nor buffer */
export function assertAllKnown({ others: [other] }: SortedTensors): void {
  if (other === undefined) return;
  const { name, type } = other;
  throw new LayersenseError(
    'dtype_unsupported',
    `${name} is stored as ${type}: it is neither a weight in F64, F32, F16 or BF16 nor known to be no weight, as position_ids is. Save the checkpoint without it, or in floating point.`,
    { tensor: name, dtype: type },
  );
}
