import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../../dequantised-matrix.js';
import { parseFormat } from '../../parse-format.js';
import { differing } from '../../test-support/differing.js';
import { input } from '../../test-support/references.js';
import { codecs } from './codecs.js';
import type { SuperBlockCodec } from './super-block.js';
import { storedBlocks } from './test-support/stored-blocks.js';
import { superBlocks } from './test-support/super-blocks.js';

const digests: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL('../../../fixtures/k-quant-digests.json', import.meta.url), 'utf8'),
);
function encoded(codec: SuperBlockCodec, values: Float32Array): Uint8Array {
  const raw = new Uint8Array((values.length / 256) * codec.bytes);
  for (let block = 0; block < values.length / 256; block++) {
    codec.encode(values, block * 256, raw, block * codec.bytes);
  }
  return raw;
}

function digestOf(codec: SuperBlockCodec, values: Float32Array): string {
  return createHash('sha256').update(encoded(codec, values)).digest('hex');
}

function decoded(codec: SuperBlockCodec, raw: Uint8Array): Float32Array {
  const values = new Float32Array((raw.length / codec.bytes) * 256);
  for (let block = 0; block < values.length / 256; block++) {
    codec.decode(raw, block * codec.bytes, values, block * 256);
  }
  return values;
}

/** So that zeros differ by their sign. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

describe.each(['2', '3', '4', '5', '6'])('q%s_k', (bits) => {
  const format = `q${bits}_k`;
  const codec = codecs[bits] as SuperBlockCodec;

  describe.each(['A', 'B', 'C'])('of %s', (matrix) => {
    const stored = storedBlocks(matrix, format);
    const { values, shape } = input(matrix);

    it('reads the stored bytes bit for bit as gguf does', () => {
      expect(bitsOf(decoded(codec, stored.raw))).toEqual(bitsOf(stored.values));
    });

    it('stores the bytes that llama-quantize does', () => {
      expect(encoded(codec, values)).toEqual(stored.raw);
    });

    it('is value for value what the stored bytes stand for', () => {
      expect(differing(dequantisedMatrix(parseFormat(format), values, shape), stored.values)).toBe(
        0,
      );
    });

    it('has the bits that are stored', () => {
      expect(parseFormat(format).bits(shape)).toBe(stored.raw.length * 8);
    });
  });

  it('stores the bytes that ggml does of super-blocks of every kind', () => {
    const made = Array.from(superBlocks, ([kind, values]) => [kind, digestOf(codec, values)]);
    expect(Object.fromEntries(made)).toEqual(digests[format]);
  });
});

it.each([
  ['q2_k', 'q4_0 or int4_channel or'],
  ['q4_k', 'q5_0 or int4_channel or'],
  ['q6_k', 'q8_0 or int4_channel or'],
])('%s says why a matrix cannot have it, and what fits', (format, fitting) => {
  const { problemWith, dequantised } = parseFormat(format);
  expect(problemWith([4, 512])).toBeUndefined();
  expect(problemWith([4, 384])).toContain(
    `${format} has groups of 256 inputs, which do not divide the 384 inputs of [4, 384]; ${fitting}`,
  );
  expect(problemWith([4, 100])).not.toContain('q4_0');
  expect(() => dequantised(new Float32Array(400), { shape: [4, 100], firstRow: 0 })).toThrow(
    'do not divide the 100 inputs',
  );
});
