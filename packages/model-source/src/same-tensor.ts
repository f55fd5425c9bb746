import type { TensorRef } from '@layersense/onnx-ir';
import type { Floats } from './decode-floats.js';
import { tensorChunks } from './read-tensor.js';

/**
 * Whether two stored floating-point tensors are of one type and shape and hold the same bits.
 *
 * @param weightsFolder where the files of both lie: `Checkpoint.weightsFolder`
 */
export async function isSameTensor(
  weightsFolder: string,
  a: TensorRef,
  b: TensorRef,
): Promise<boolean> {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  const others = tensorChunks(weightsFolder, b);
  try {
    for await (const piece of tensorChunks(weightsFolder, a)) {
      const { value: other } = await others.next();
      if (!other || bitsOf(piece).compare(bitsOf(other)) !== 0) return false;
    }
    return true;
  } finally {
    await others.return();
  }
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Floats): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
