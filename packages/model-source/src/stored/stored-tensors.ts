import type { TensorRef } from '@layersense/onnx-ir';
import type { Checkpoint } from '../open-checkpoint.js';
import { safetensorsTypes } from '../safetensors-types.js';

/** A tensor of a checkpoint, of any type. */
export interface StoredTensor {
  readonly name: string;
  /** As safetensors calls it: `BF16`, `F8_E4M3`. */
  readonly type: string;
  /** Absent for types that are not read. */
  readonly ref?: TensorRef;
}

type Tensors = Pick<Checkpoint, 'tensors' | 'unsupported'>;

export function storedTensors({ tensors, unsupported }: Tensors): readonly StoredTensor[] {
  return [
    ...[...tensors].map(([name, ref]) => ({
      name,
      ref,
      type: typeNames.get(ref.dtype) ?? ref.dtype,
    })),
    ...[...unsupported].map(([name, type]) => ({ name, type })),
  ];
}

const typeNames: ReadonlyMap<string, string> = new Map(
  [...safetensorsTypes].flatMap(([type, { elementType }]) =>
    elementType ? [[elementType, type]] : [],
  ),
);

export function isFloating({ type }: StoredTensor): boolean {
  return type === 'F64' || type === 'F32' || type === 'F16' || type === 'BF16';
}

/** Tables that a module computes when it is built, counters and statistics of its inputs. */
const BUFFERS =
  /(?:^|\.)(?:position_ids|(?:buffered_)?token_type_ids|num_batches_tracked|relative_position_index|(?:original_)?inv_freq|cos_cached|sin_cached|masked_bias|final_logits_bias|rope\.freqs|running_mean|running_var)$/;

/** `attn.bias` is GPT-2's causal mask where it has the shape of one, and a bias otherwise. */
const MASKS = /(?:attn|attention)\.bias$|(?:^|\.)causal_mask$/;

/** Whether a tensor is known to be no parameter, whatever its type. */
export function isBuffer({ name, ref }: StoredTensor): boolean {
  if (BUFFERS.test(name)) return true;
  if (!MASKS.test(name) || ref?.shape.length !== 4) return false;
  const [batch, heads, queries, keys] = ref.shape;
  return batch === 1 && heads === 1 && queries === keys;
}
