import { type Floats, sortTensors, tensorChunks } from '@layersense/model-source';
import { unconvertedName } from '@layersense/models';
import { elementTypes, type TensorRef } from '@layersense/onnx-ir';
import type { OpenedJob } from './opened-job.js';

/** A parameter and its values, row-major. */
export interface StoredWeight {
  readonly parameter: string;
  readonly shape: readonly number[];
  /** All values, or those from element number `from` on. */
  readonly chunks: (from?: number) => AsyncIterable<Floats>;
}

/** The checkpoint's floating-point weights, by the names that scores have, in the order of its files. */
export function storedWeights({ checkpoint }: Pick<OpenedJob, 'checkpoint'>): StoredWeight[] {
  return [...sortTensors(checkpoint).weights].map(([name, ref]) => ({
    parameter: unconvertedName(name),
    shape: ref.shape,
    chunks: (from = 0) => tensorChunks(checkpoint.weightsFolder, beginningAt(ref, from)),
  }));
}

function beginningAt(ref: TensorRef, element: number): TensorRef {
  const skipped = element * elementTypes[ref.dtype].bytes;
  return { ...ref, offset: ref.offset + skipped, length: ref.length - skipped };
}

/** The values from element number `from` on, of what can only be made from its beginning. */
export async function* skipping(
  chunks: AsyncIterable<Floats>,
  from: number,
): AsyncGenerator<Floats, void, undefined> {
  let left = from;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
