import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementType, TensorRef } from '@layersense/onnx-ir';
import { largest } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTensor, tensorChunks } from './read-tensor.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-tensor-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file with `bytes` after an odd number of others, as safetensors headers leave them. */
async function store(bytes: ArrayBufferView, dtype: ElementType): Promise<TensorRef> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  await writeFile(join(folder, 'w'), Buffer.concat([Buffer.alloc(3), data, Buffer.alloc(5, 255)]));
  return { file: 'w', offset: 3, length: data.length, dtype, shape: [] };
}

describe('readTensor', () => {
  it('reads float32 and float64 as they are', async () => {
    const singles = Float32Array.of(1.5, -0, 3e38, Number.NaN);
    expect(await readTensor(folder, await store(singles, 'float32'))).toEqual(singles);
    const doubles = Float64Array.of(Math.PI, 1e300);
    expect(await readTensor(folder, await store(doubles, 'float64'))).toEqual(doubles);
  });

  it('widens bfloat16', async () => {
    const stored = Uint16Array.of(0x3f80, 0xc049, 0x7f80, 0x0001, 0x8000);
    const values = [1, -3.140625, Number.POSITIVE_INFINITY, 2 ** -133, -0];
    const read = await readTensor(folder, await store(stored, 'bfloat16'));
    expect(read).toEqual(Float32Array.from(values));
  });

  it('widens float16: normal, subnormal, zero, infinite, largest', async () => {
    const stored = Uint16Array.of(0x3c00, 0xc248, 0x0001, 0x83ff, 0x8000, 0xfc00, 0x7bff);
    const values = [
      1,
      -3.140625,
      2 ** -24,
      -(1023 * 2 ** -24),
      -0,
      Number.NEGATIVE_INFINITY,
      65504,
    ];
    const read = await readTensor(folder, await store(stored, 'float16'));
    expect(read).toEqual(Float32Array.from(values));
    expect(await readTensor(folder, await store(Uint16Array.of(0x7e01), 'float16'))).toEqual(
      Float32Array.of(Number.NaN),
    );
  });

  it('reads an empty tensor', async () => {
    expect(await readTensor(folder, await store(new Float32Array(), 'float32'))).toHaveLength(0);
  });

  it('refuses integers', async () => {
    const ref = await store(Int8Array.of(1), 'int8');
    await expect(readTensor(folder, ref)).rejects.toMatchObject({ code: 'dtype_unsupported' });
  });

  it('reports a file that has become shorter', async () => {
    const ref = await store(new Float32Array(64), 'float32');
    await truncate(join(folder, 'w'), 100);
    await expect(readTensor(folder, ref)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('tensorChunks', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => i - 500);

  it.each([4, 12, 1002, 4000, 1 << 20])(
    'gives every element once in pieces of %i bytes',
    async (chunkBytes) => {
      const ref = await store(values, 'float32');
      const read: number[] = [];
      const sizes: number[] = [];
      for await (const piece of tensorChunks(folder, ref, chunkBytes)) {
        sizes.push(piece.byteLength);
        read.push(...piece);
      }
      expect(Float32Array.from(read)).toEqual(values);
      expect(largest(sizes)).toBeLessThanOrEqual(chunkBytes);
    },
  );

  it('keeps a piece intact while the next one is being read', async () => {
    const ref = await store(values, 'float32');
    const read: number[] = [];
    for await (const piece of tensorChunks(folder, ref, 400)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      read.push(...piece);
    }
    expect(Float32Array.from(read)).toEqual(values);
  });

  it('throws at the piece that is missing, and not outside of the loop', async () => {
    const ref = await store(values, 'float32');
    await truncate(join(folder, 'w'), 900);
    let pieces = 0;
    const read = async () => {
      for await (const _ of tensorChunks(folder, ref, 400)) {
        pieces++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'checkpoint_invalid' });
    expect(pieces).toBe(2);
  });
});
