import { expect, it } from 'vitest';
import { readFloat16, writeFloat16 } from './float16-bytes.js';

const every = Array.from({ length: 0x10000 }, (_, bits) => bits);
const isNaN16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

it('writes every float16 as it was read, zeros with their sign', () => {
  const bytes = new Uint8Array(2);
  const changed = every.filter((bits) => {
    bytes.set([bits & 0xff, bits >> 8]);
    const value = readFloat16(bytes, 0);
    bytes.fill(0);
    writeFloat16(bytes, 0, value);
    return (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0) !== bits;
  });
  expect(changed.filter((bits) => !isNaN16(bits))).toEqual([]);
  expect(every.filter(isNaN16)).toHaveLength(2 * 1023);
});

it.each([
  [[0x00, 0x3c], 1],
  [[0x00, 0xc0], -2],
  [[0xff, 0x7b], 65504],
  [[0x01, 0x00], 2 ** -24],
  [[0x00, 0x7c], Number.POSITIVE_INFINITY],
])('%j is %d', (bytes, value) => {
  expect(readFloat16(Uint8Array.from(bytes), 0)).toBe(value);
});

it('rounds to the nearest, halves to even, and keeps the sign of what becomes 0', () => {
  const bytes = new Uint8Array(4);
  writeFloat16(bytes, 0, 1 + 2 ** -11);
  writeFloat16(bytes, 2, -(2 ** -26));
  expect([...bytes]).toEqual([0x00, 0x3c, 0x00, 0x80]);
});
