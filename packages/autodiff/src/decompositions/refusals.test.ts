import { LayersenseError } from '@layersense/contracts';
import { type Attributes, GraphBuilder, int, str, type Value } from '@layersense/onnx-ir';
import { describe, expect, it } from 'vitest';
import { decompose } from '../decompose.js';

interface Refusal {
  readonly reason: RegExp;
  readonly opType: string;
  readonly domain?: string;
  readonly attributes: Attributes;
  readonly outputs?: number;
  readonly inputs: (g: GraphBuilder) => readonly (Value | undefined)[];
}

const heads = { num_heads: int(2), kv_num_heads: int(2) };
const input = (g: GraphBuilder, name: string, ...shape: number[]) =>
  g.input(name, 'float32', shape);
const lengths = (g: GraphBuilder) => g.input('lengths', 'int32', [1]);
const total = (g: GraphBuilder) => g.scalar(3, 'int32');
const absent = (count: number) => new Array<undefined>(count).fill(undefined);
const projected = (g: GraphBuilder) => ['q', 'k', 'v'].map((name) => input(g, name, 1, 3, 8));

const groupQuery = { opType: 'GroupQueryAttention', domain: 'com.microsoft', attributes: heads };
const multiHead = { opType: 'MultiHeadAttention', domain: 'com.microsoft' };
const matMulNBits = { opType: 'MatMulNBits', domain: 'com.microsoft' };
const packedWeight = (g: GraphBuilder) => [
  input(g, 'a', 2, 32),
  g.input('packed', 'uint8', [4, 2, 8]),
  input(g, 'scales', 4, 2),
];
const einsum = (equation: string, ...shapes: (readonly number[])[]) => ({
  opType: 'Einsum',
  attributes: { equation: str(equation) },
  inputs: (g: GraphBuilder) => shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape)),
});

const refusals: readonly Refusal[] = [
  {
    ...groupQuery,
    reason: /past is quantised/,
    inputs: (g) => [
      ...projected(g),
      ...absent(2),
      lengths(g),
      total(g),
      ...absent(5),
      input(g, 's', 1),
    ],
  },
  {
    ...groupQuery,
    reason: /has a past and seqlens_k is not a constant/,
    inputs: (g) => [
      ...projected(g),
      input(g, 'past_k', 1, 2, 4, 4),
      input(g, 'past_v', 1, 2, 4, 4),
      lengths(g),
      total(g),
    ],
  },
  {
    ...groupQuery,
    reason: /scores are an output/,
    outputs: 4,
    inputs: (g) => [...projected(g), ...absent(2), lengths(g), total(g)],
  },
  {
    ...multiHead,
    reason: /no key or no value/,
    attributes: { num_heads: int(2) },
    inputs: (g) => [input(g, 'q', 1, 3, 8)],
  },
  {
    ...multiHead,
    reason: /unidirectional over a sequence other than its own/,
    attributes: { num_heads: int(2), unidirectional: int(1) },
    inputs: (g) => [input(g, 'q', 1, 3, 8), input(g, 'k', 1, 5, 8), input(g, 'v', 1, 5, 8)],
  },
  {
    opType: 'Attention',
    domain: 'com.microsoft',
    reason: /mask has the shape \[1,1,3,3\]/,
    attributes: { num_heads: int(2) },
    inputs: (g) => [
      input(g, 'x', 1, 3, 8),
      input(g, 'w', 8, 24),
      undefined,
      g.input('mask', 'int32', [1, 1, 3, 3]),
    ],
  },
  {
    opType: 'Attention',
    reason: /scores are an output/,
    attributes: {},
    outputs: 4,
    inputs: (g) => ['q', 'k', 'v'].map((name) => input(g, name, 1, 2, 3, 4)),
  },
  {
    opType: 'Attention',
    reason: /mask covers 2 of 3 keys/,
    attributes: {},
    inputs: (g) => [
      ...['q', 'k', 'v'].map((name) => input(g, name, 1, 2, 3, 4)),
      g.input('mask', 'bool', [3, 2]),
    ],
  },
  {
    ...matMulNBits,
    reason: /columns are reordered \(g_idx\)/,
    attributes: { K: int(32), N: int(4), block_size: int(16) },
    inputs: (g) => [...packedWeight(g), undefined, g.input('g_idx', 'int32', [32])],
  },
  {
    ...matMulNBits,
    reason: /have 3 bits/,
    attributes: { K: int(32), N: int(4), block_size: int(16), bits: int(3) },
    inputs: packedWeight,
  },
  {
    opType: 'GatherBlockQuantized',
    domain: 'com.microsoft',
    reason: /not made of whole blocks of 32/,
    attributes: { bits: int(4), block_size: int(32), quantize_axis: int(1) },
    inputs: (g) => [
      g.input('table', 'uint8', [5, 24]),
      g.input('ids', 'int64', [3]),
      input(g, 'scales', 5, 2),
    ],
  },
  { reason: /takes a diagonal/, ...einsum('ii->i', [3, 3]) },
  { reason: /has 3 operands/, ...einsum('ij,jk,kl->il', [2, 3], [3, 4], [4, 5]) },
  { reason: /broadcasts j/, ...einsum('ij,jk->ik', [2, 1], [3, 4]) },
];

describe.each(refusals)(
  '$opType: $reason',
  ({ opType, attributes, domain, outputs = 1, ...rest }) => {
    it('is refused', () => {
      const g = new GraphBuilder('g', 24);
      const options = { domain: domain ?? '', name: 'layer', outputs };
      const results = g.ops(opType, rest.inputs(g), attributes, options);
      const attempt = () => decompose(g.build(results.slice(0, 1)));
      expect(attempt).toThrow(LayersenseError);
      expect(attempt).toThrow(rest.reason);
    });
  },
);
