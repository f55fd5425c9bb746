import { readFile, writeFile } from 'node:fs/promises';

/** A tensor to store, all of it zeros; the type as safetensors calls it. */
export interface ZeroTensor {
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Writes the safetensors file again with other tensors in the place of some, or beside them. */
export async function storeTensors(
  path: string,
  tensors: Readonly<Record<string, ZeroTensor | undefined>>,
): Promise<void> {
  const file = await readFile(path);
  const dataStart = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...kept } = JSON.parse(file.subarray(8, dataStart).toString());
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let end = 0;
  const add = (name: string, dtype: unknown, shape: unknown, data: Buffer) => {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] };
    end += data.length;
    parts.push(data);
  };
  for (const [name, { dtype, shape, data_offsets: at }] of Object.entries<StoredEntry>(kept)) {
    if (!(name in tensors))
      add(name, dtype, shape, file.subarray(dataStart + at[0], dataStart + at[1]));
  }
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor) add(name, tensor.type, tensor.shape, Buffer.alloc(tensor.bytes));
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([size, text, ...parts]));
}

interface StoredEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}
