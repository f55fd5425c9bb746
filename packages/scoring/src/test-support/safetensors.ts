import { writeFileSync } from 'node:fs';
import { openOnnx } from '@layersense/model-source';
import { parseOnnxModel } from '@layersense/models';

export interface FloatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The parameters of an ONNX file of float32 weights, as their modules hold them. */
export async function onnxWeights(folder: string, onnxFile: string): Promise<FloatTensor[]> {
  const source = await openOnnx(folder, onnxFile);
  const { parameters } = await parseOnnxModel(source.decoded, source.file, source.read);
  return Promise.all(
    parameters.map(async ({ name, shape, transposed, stored }) => {
      const ref = stored.kind === 'quantized' ? undefined : stored.ref;
      if (ref?.dtype !== 'float32') throw new TypeError(`${name} is not stored as float32`);
      const bytes = await source.read(ref, 0, ref.length);
      const data = new Float32Array(Uint8Array.from(bytes).buffer);
      return { name, shape, data: transposed ? turned(data, shape) : data };
    }),
  );
}

/** The [rows, columns] of what is stored as [columns, rows]. */
function turned(data: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  return Float32Array.from(
    data,
    (_, i) => data[(i % columns) * rows + Math.floor(i / columns)] ?? Number.NaN,
  );
}

export function writeSafetensors(path: string, tensors: readonly FloatTensor[]): void {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(
    path,
    Buffer.concat([
      size,
      header,
      ...tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    ]),
  );
}
