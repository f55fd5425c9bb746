import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSafetensorsHeader } from './safetensors-header.js';

const CASES = 2500;
const SEED = 20_240_607;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** mulberry32: a 32-bit generator, so that a failing case can be run again from its number. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function validFile(): Buffer {
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    'model.embed_tokens.weight': { dtype: 'F32', shape: [4, 3], data_offsets: [0, 48] },
    'model.norm.weight': { dtype: 'BF16', shape: [3], data_offsets: [48, 54] },
    'lm_head.weight': { dtype: 'F16', shape: [2, 3], data_offsets: [54, 66] },
  });
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(66, 1)]);
}

const NUMBERS = ['0', '-1', '1e400', '9007199254740993', '2.5', '66', 'null', '"48"', '[]', '{}'];

/** One to four random damages: to bytes, to numbers of the header, to lengths, to structure. */
function mutate(random: () => number): Buffer {
  const pick = (count: number) => Math.floor(random() * count);
  let bytes = validFile();
  for (let round = pick(4); round >= 0; round--) {
    const at = pick(bytes.length);
    const damages: (() => Buffer)[] = [
      () => {
        bytes[at] = pick(256);
        return bytes;
      },
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(pick(bytes.length))]),
      () => Buffer.concat([bytes, Buffer.alloc(pick(16))]),
      () => replaceNumber(bytes, pick(16), NUMBERS[pick(NUMBERS.length)] ?? '0'),
      () => {
        if (bytes.length >= 8) bytes[pick(8)] = pick(256);
        return bytes;
      },
    ];
    bytes = damages[pick(damages.length)]?.() ?? bytes;
    if (bytes.length === 0) bytes = Buffer.alloc(1);
  }
  return bytes;
}

/** Puts `text` for the nth number of the header and keeps the length field right. */
function replaceNumber(bytes: Buffer, nth: number, text: string): Buffer {
  if (bytes.length < 8) return bytes;
  const headerBytes = Math.min(Number(bytes.readBigUInt64LE()), bytes.length - 8);
  let count = 0;
  const header = bytes
    .subarray(8, 8 + headerBytes)
    .toString('latin1')
    .replace(/\d+/g, (number) => (count++ === nth ? text : number));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), bytes.subarray(8 + headerBytes)]);
}

/** Whether all tensors, if there are any, lie within a file of `size` bytes. */
function liesWithin(tensors: ReadonlyMap<string, TensorRef>, size: number): boolean {
  return [...tensors.values()].every(
    ({ offset, length }) => offset >= 8 && length >= 0 && offset + length <= size,
  );
}

it(`answers ${CASES} damaged files with a coded error or a consistent header`, async () => {
  const outcomes = { valid: 0, invalid: 0 };
  for (let number = 0; number < CASES; number++) {
    const bytes = mutate(generator(SEED + number));
    const path = join(folder, 'case.safetensors');
    await writeFile(path, bytes);
    const code = await readSafetensorsHeader(path).then(
      ({ tensors }) => (liesWithin(tensors, bytes.length) ? 'valid' : 'inconsistent'),
      (error: unknown) => (error instanceof LayersenseError ? error.code : String(error)),
    );
    expect(['valid', 'checkpoint_invalid'], `case ${number}`).toContain(code);
    outcomes[code === 'valid' ? 'valid' : 'invalid']++;
  }
  // Both ends must be reached, or the damage is too weak or too strong to test anything.
  expect(outcomes.valid).toBeGreaterThan(CASES / 50);
  expect(outcomes.invalid).toBeGreaterThan(CASES / 2);
});
