import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensorsHeader } from './safetensors-header.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-header-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A safetensors file with this header text before `dataBytes` zeros. */
async function write(header: string | Uint8Array, dataBytes: number, declared?: bigint) {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(declared ?? BigInt(text.length));
  const path = join(folder, 'model.safetensors');
  await writeFile(path, Buffer.concat([prefix, text, Buffer.alloc(dataBytes)]));
  return path;
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

async function failure(path: string): Promise<LayersenseError> {
  const error: unknown = await readSafetensorsHeader(path).catch((caught: unknown) => caught);
  if (error instanceof LayersenseError) return error;
  throw new Error(`expected an error of ours, got ${String(error)}`);
}

describe('readSafetensorsHeader', () => {
  it('gives absolute offsets, types and shapes', async () => {
    const header = JSON.stringify({
      __metadata__: { format: 'pt' },
      'b.weight': entry('BF16', [2, 3], 8, 20),
      'a.weight': entry('F64', [], 0, 8),
      'c.empty': entry('F16', [0, 7], 20, 20),
    });
    const { tensors, file } = await readSafetensorsHeader(await write(header, 20));
    const start = 8 + header.length;
    expect(file).toBe('model.safetensors');
    expect(Object.fromEntries(tensors)).toEqual({
      'a.weight': { file, offset: start, length: 8, dtype: 'float64', shape: [] },
      'b.weight': { file, offset: start + 8, length: 12, dtype: 'bfloat16', shape: [2, 3] },
      'c.empty': { file, offset: start + 20, length: 0, dtype: 'float16', shape: [0, 7] },
    });
  });

  it('lists types that it cannot read instead of refusing the file', async () => {
    const header = JSON.stringify({
      w8: entry('F8_E4M3', [4], 0, 4),
      ids: entry('I64', [1], 4, 12),
      later: entry('F3_NEXT', [9], 12, 13),
    });
    const { tensors, unsupported } = await readSafetensorsHeader(await write(header, 13));
    expect(tensors.get('ids')?.dtype).toBe('int64');
    expect(Object.fromEntries(unsupported)).toEqual({ w8: 'F8_E4M3', later: 'F3_NEXT' });
  });

  it('keeps tensors named like members of Object.prototype apart', async () => {
    const header = `{"__proto__":${JSON.stringify(entry('U8', [1], 0, 1))}}`;
    const { tensors } = await readSafetensorsHeader(await write(header, 1));
    expect([...tensors.keys()]).toEqual(['__proto__']);
  });

  const f32 = entry('F32', [2], 0, 8);
  const badHeaders: [problem: string, header: string, dataBytes: number, message: RegExp][] = [
    ['not JSON', '{"a":', 0, /not valid JSON/],
    ['not an object', '[1,2]', 0, /not a JSON object/],
    ['a byte order mark', '\uFEFF{}', 0, /not valid JSON/],
    ['an entry that is no object', '{"a":5}', 0, /"a" .* not described by an object/],
    ['no dtype', '{"a":{"shape":[1],"data_offsets":[0,1]}}', 1, /"a" .* no dtype/],
    ['a negative size', JSON.stringify({ a: entry('F32', [-2], 0, 8) }), 8, /"a" .* shape/],
    ['a fractional size', JSON.stringify({ a: entry('F32', [2.5], 0, 10) }), 10, /"a" .* shape/],
    ['a shape of text', JSON.stringify({ a: entry('F32', '2', 0, 8) }), 8, /"a" .* shape/],
    ['huge rank', JSON.stringify({ a: entry('U8', Array(65).fill(1), 0, 1) }), 1, /65 dimensions/],
    ['one offset', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1, /data_offsets/],
    ['fractional offsets', JSON.stringify({ a: entry('U8', [1], 0.5, 1.5) }), 2, /data_offsets/],
    ['negative offsets', JSON.stringify({ a: entry('U8', [1], -1, 0) }), 1, /data_offsets/],
    [
      'offsets beyond 2^53',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e300]}}',
      1,
      /data_/,
    ],
    ['reversed offsets', JSON.stringify({ a: entry('F32', [2], 8, 0) }), 8, /begins at byte 8/],
    ['offsets beyond the end', JSON.stringify({ a: f32 }), 7, /holds only 7 \(truncated\?\)/],
    ['a wrong length', JSON.stringify({ a: entry('F32', [3], 0, 8) }), 8, /8 bytes where .* 12/],
    [
      'a product beyond 2^53',
      JSON.stringify({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 8) }),
      8,
      /more elements than any file/,
    ],
    ['an overlap', JSON.stringify({ a: f32, b: entry('F32', [2], 4, 12) }), 12, /"b" .* overlaps/],
    [
      'a hole',
      JSON.stringify({ a: f32, b: entry('U8', [1], 10, 11) }),
      11,
      /"b" .* leaves 2 unused/,
    ],
    ['bytes after the last tensor', JSON.stringify({ a: f32 }), 9, /1 bytes after its last tensor/],
    ['a name with NUL', JSON.stringify({ 'a\0b': f32 }), 8, /control character/],
    ['a name with half a pair', JSON.stringify({ 'a\ud800': f32 }), 8, /control character/],
    ['a name twice', `{"a":${JSON.stringify(f32)},"\\u0061":${JSON.stringify(f32)}}`, 8, /twice/],
    [
      'an inner key twice',
      '{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /twice/,
    ],
  ];
  it.each(badHeaders)('refuses %s', async (_, header, dataBytes, message) => {
    const error = await failure(await write(header, dataBytes));
    expect(error.code).toBe('checkpoint_invalid');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('model.safetensors');
  });

  it('refuses header lengths beyond the file or the limit before reading them', async () => {
    expect((await failure(await write('{}', 4, 7n))).message).toMatch(/claims 7 bytes/);
    expect((await failure(await write('{}', 4, 2n ** 64n - 1n))).message).toMatch(/more than/);
  });

  it('refuses a file shorter than its length field', async () => {
    const path = join(folder, 'short.safetensors');
    await writeFile(path, 'abc');
    expect((await failure(path)).message).toMatch(/shorter than the 8 bytes/);
  });

  it('refuses text that is not UTF-8', async () => {
    const bytes = new Uint8Array([0x7b, 0xff, 0x7d]);
    expect((await failure(await write(bytes, 0))).message).toMatch(/not UTF-8/);
  });

  it('tells a missing file from a bad one', async () => {
    expect((await failure(join(folder, 'none.safetensors'))).code).toBe('checkpoint_missing');
    expect((await failure(folder)).code).toBe('checkpoint_invalid');
  });

  it('survives a header of deeply nested arrays', async () => {
    const depth = 200_000;
    const header = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect((await failure(await write(header, 0))).code).toBe('checkpoint_invalid');
  });
});
