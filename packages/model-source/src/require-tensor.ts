import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import type { Checkpoint } from './open-checkpoint.js';

const FLOATING: ReadonlySet<string> = new Set(['float64', 'float32', 'float16', 'bfloat16']);

/**
 * The reference of a weight that a model needs.
 *
 * @throws LayersenseError `tensor_missing`, `dtype_unsupported` when its type is not floating point.
 */
export function requireTensor(
  checkpoint: Pick<Checkpoint, 'tensors' | 'unsupported'>,
  tensor: string,
): TensorRef {
  const ref = checkpoint.tensors.get(tensor);
  if (ref !== undefined && FLOATING.has(ref.dtype)) return ref;
  const dtype = ref?.dtype ?? checkpoint.unsupported.get(tensor);
  if (dtype === undefined) {
    throw new LayersenseError('tensor_missing', `The checkpoint has no tensor ${tensor}.`, {
      tensor,
    });
  }
  throw new LayersenseError(
    'dtype_unsupported',
    `${tensor} is stored as ${dtype}; weights must be F64, F32, F16 or BF16. Use the checkpoint it was quantised from.`,
    { tensor, dtype },
  );
}
