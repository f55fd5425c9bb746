import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { type Floats, floatDecoder } from './decode-floats.js';

/** Small enough to stay in a cache between reading and use, large enough for few calls. */
const CHUNK_BYTES = 512 * 1024;
/** One read call cannot ask for 2 GiB. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;

/**
 * A stored floating-point tensor's elements in order, half a megabyte at a time, so that a tensor
 * of any size needs the memory of two pieces: one is read while the caller works on the other.
 * A piece may be overwritten as soon as the next one is asked for.
 *
 * @param weightsFolder Where `ref.file` lies: `Checkpoint.weightsFolder`.
 * @throws LayersenseError `dtype_unsupported`; `checkpoint_invalid` when the file has become shorter.
 */
export async function* tensorChunks(
  weightsFolder: string,
  ref: TensorRef,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Floats, void, undefined> {
  const decoder = floatDecoder(ref.dtype);
  const pieceBytes = Math.max(decoder.bytes, chunkBytes - (chunkBytes % decoder.bytes));
  const handle = await open(join(weightsFolder, ref.file));
  let reading: Promise<ArrayBuffer> | undefined;
  try {
    let [buffer, other] = [new ArrayBuffer(0), new ArrayBuffer(0)];
    const startReading = (done: number) => {
      const bytes = Math.min(pieceBytes, ref.length - done);
      if (buffer.byteLength < bytes) buffer = new ArrayBuffer(bytes);
      reading = readFully(handle, buffer, bytes, ref.offset + done);
      // Awaited in the next turn; without a handler a failure in between would end the process.
      reading.catch(() => undefined);
      [buffer, other] = [other, buffer];
      return reading;
    };
    for (let done = 0; done < ref.length; done += pieceBytes) {
      const piece = await (reading ?? startReading(done));
      const next = done + pieceBytes;
      if (next < ref.length) void startReading(next);
      const bytes = Math.min(pieceBytes, ref.length - done);
      yield decoder.decode(piece, bytes / decoder.bytes);
    }
  } finally {
    await reading?.catch(() => undefined);
    await handle.close();
  }
}

/** The whole tensor at once, row-major. Throws as `tensorChunks` does. */
export async function readTensor(weightsFolder: string, ref: TensorRef): Promise<Floats> {
  for await (const floats of tensorChunks(weightsFolder, ref, ref.length)) return floats;
  return ref.dtype === 'float64' ? new Float64Array() : new Float32Array();
}

async function readFully(
  handle: FileHandle,
  buffer: ArrayBuffer,
  bytes: number,
  position: number,
): Promise<ArrayBuffer> {
  const view = new Uint8Array(buffer, 0, bytes);
  let filled = 0;
  while (filled < bytes) {
    const wanted = Math.min(bytes - filled, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(view, filled, wanted, position + filled);
    if (bytesRead === 0) {
      throw new LayersenseError(
        'checkpoint_invalid',
        'A weight file became shorter while it was read. Do not change a model that is in use.',
      );
    }
    filled += bytesRead;
  }
  return buffer;
}
