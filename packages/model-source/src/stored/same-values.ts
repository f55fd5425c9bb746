import { elementTypes, sameShape, type TensorRef } from '@layersense/onnx-ir';
import { tensorChunks } from '../read-tensor.js';

/** Elements that are compared at a time. */
const CHUNK_ELEMENTS = 128 * 1024;

/**
 * Whether two stored tensors hold the same numbers, in whatever types. Reads both in pieces, up to the
 * first difference; NaN differs from itself, as in PyTorch.
 *
 * @throws LayersenseError as {@link tensorChunks}
 */
export async function sameValues(
  weightsFolder: string,
  a: TensorRef,
  b: TensorRef,
): Promise<boolean> {
  if (!sameShape(a.shape, b.shape)) return false;
  const chunks = (ref: TensorRef) =>
    tensorChunks(weightsFolder, ref, CHUNK_ELEMENTS * elementTypes[ref.dtype].bytes);
  const others = chunks(b);
  try {
    for await (const values of chunks(a)) {
      const { value: same } = await others.next();
      for (let i = 0; i < values.length; i++) if (values[i] !== same?.[i]) return false;
    }
    return true;
  } finally {
    await others.return();
  }
}
