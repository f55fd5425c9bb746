import { type Attributes, int } from '@layersense/onnx-ir';
import type { CaseInput } from '@layersense/testing';
import { type FusedCase, ids, ms } from './fused.cases.js';

/** Bytes that take every value. */
const bytes = (...shape: number[]): CaseInput => {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, (_, i) => (i * 89 + 7) % 256);
  return { constant: { dtype: 'uint8', shape, data } };
};

const matMul = (
  about: string,
  [k, n, size, bits]: readonly [k: number, n: number, size: number, bits: number],
  rest: readonly CaseInput[] = [],
  rows: readonly number[] = [2, 3],
): FusedCase => {
  const blocks = Math.ceil(k / size);
  return {
    key: ms('MatMulNBits'),
    about,
    inputs: [[...rows, k], bytes(n, blocks, (size * bits) / 8), [n, blocks], ...rest],
    attributes: { K: int(k), N: int(n), bits: int(bits), block_size: int(size) },
  };
};

const gather = (
  about: string,
  [rows, width, size, bits]: readonly [rows: number, width: number, size: number, bits: number],
  { zeros, attributes = {} }: { zeros?: CaseInput; attributes?: Attributes } = {},
): FusedCase => ({
  key: ms('GatherBlockQuantized'),
  about,
  inputs: [
    bytes(rows, (width * bits) / 8),
    ids([3, 0, 3, 4, 1, 2], [2, 3]),
    [rows, width / size],
    zeros,
  ],
  attributes: { bits: int(bits), block_size: int(size), quantize_axis: int(1), ...attributes },
});

export const quantizedCases: readonly FusedCase[] = [
  matMul('4 bits', [32, 8, 16, 4]),
  matMul('4 bits, square', [32, 32, 32, 4]),
  matMul('4 bits, one axis of rows', [64, 8, 32, 4], [], [5]),
  matMul('4 bits, part of a block', [40, 8, 16, 4]),
  matMul('4 bits, zero points', [64, 8, 16, 4], [bytes(8, 2)]),
  matMul('4 bits, odd number of zero points', [48, 8, 16, 4], [bytes(8, 2)]),
  matMul('4 bits, zero points as numbers', [32, 8, 16, 4], [[8, 2]]),
  matMul('4 bits, bias', [32, 8, 16, 4], [undefined, undefined, [8]]),
  matMul('4 bits, zero points, bias', [32, 8, 16, 4], [bytes(8, 1), undefined, [8]]),
  matMul('8 bits', [32, 8, 16, 8]),
  matMul('8 bits, zero points', [48, 8, 16, 8], [bytes(8, 3)]),
  matMul('2 bits', [32, 8, 16, 2]),
  gather('4 bits', [5, 32, 16, 4]),
  gather('4 bits, zero points', [5, 64, 16, 4], { zeros: bytes(5, 2) }),
  gather('4 bits, odd number of zero points', [5, 48, 16, 4], { zeros: bytes(5, 2) }),
  gather('4 bits, axes from the end', [5, 32, 32, 4], {
    attributes: { quantize_axis: int(-1), gather_axis: int(-2) },
  }),
  gather('8 bits', [5, 32, 16, 8]),
  gather('8 bits, zero points', [5, 48, 16, 8], { zeros: bytes(5, 3) }),
  gather('2 bits', [5, 32, 16, 2]),
];
