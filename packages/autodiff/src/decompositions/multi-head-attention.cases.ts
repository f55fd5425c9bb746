import {
  type Attributes,
  float,
  type GraphBuilder,
  int,
  ints,
  type Value,
} from '@layersense/onnx-ir';
import type { CaseInput } from '@layersense/testing';
import { type FusedCase, int32, ms } from './fused.cases.js';

const [BATCH, LENGTH, TOTAL, HEADS, DIM] = [2, 3, 5, 2, 4];
const WIDTH = HEADS * DIM;

/** Examples padded on the right, on the left, and with a hole. */
const keyMask = int32([1, 1, 1, 0, 0, 0, 1, 0, 1, 1], [BATCH, TOTAL]);
const rowMask = (columns: number) =>
  int32(
    Array.from({ length: BATCH * LENGTH * columns }, (_, i) => (i % 3 === 1 ? 0 : 1)),
    [BATCH, LENGTH, columns],
  );
const softMask = { mask_filter_value: float(-2) };
const unidirectional = int(1);

interface Variant {
  readonly about: string;
  readonly attributes?: Attributes;
  readonly inputs: readonly CaseInput[];
  readonly read?: readonly number[];
  readonly kernel?: NonNullable<FusedCase['kernel']>;
}

const query = [BATCH, LENGTH, WIDTH];
const memory = [BATCH, TOTAL, WIDTH];
const apart = [query, memory, memory];
const self = [query, query, query];
const past = [BATCH, HEADS, TOTAL - LENGTH, DIM];

/** The kernel exists for three inputs only. */
function unpack(g: GraphBuilder, packed: Value, count: number): readonly Value[] {
  const [batch = 0, length = 0, heads = 0, , dim = 0] = packed.shape;
  const parts = g.ops(
    'Split',
    [packed, g.int64(new Array(count).fill(1))],
    { axis: int(3) },
    { outputs: count },
  );
  return parts.map((part) => g.reshape(part, [batch, length, heads * dim]));
}

const unpackedKernel: NonNullable<FusedCase['kernel']> = (g, inputs) => {
  const [first, second, , ...rest] = inputs;
  if (!first) throw new Error('no query');
  const operands = second ? [first, ...unpack(g, second, 2)] : unpack(g, first, 3);
  const domain = 'com.microsoft';
  return [
    g.op('MultiHeadAttention', [...operands, ...rest], { num_heads: int(HEADS) }, { domain }),
  ];
};

const variants: readonly Variant[] = [
  { about: 'plain', inputs: apart },
  { about: 'values of another width', inputs: [query, memory, [BATCH, TOTAL, 3 * HEADS]] },
  { about: 'scale', inputs: self, attributes: { scale: float(0.3) } },
  { about: 'bias', inputs: [query, memory, [BATCH, TOTAL, 3 * HEADS], [2 * WIDTH + 3 * HEADS]] },
  { about: 'causal', inputs: self, attributes: { unidirectional } },
  { about: 'key mask', inputs: [...apart, undefined, keyMask] },
  {
    about: 'key mask that hides in part',
    inputs: [...apart, undefined, keyMask],
    attributes: softMask,
  },
  { about: 'row mask', inputs: [...apart, undefined, rowMask(TOTAL)] },
  {
    about: 'row mask, causal',
    inputs: [...self, undefined, rowMask(LENGTH)],
    attributes: { ...softMask, unidirectional },
  },
  { about: 'lengths', inputs: [...apart, undefined, int32([3, 5])] },
  { about: 'lengths and offsets', inputs: [...apart, undefined, int32([3, 5, 0, 3, 6, 0, 5, 10])] },
  { about: 'score bias', inputs: [...apart, undefined, undefined, [BATCH, HEADS, LENGTH, TOTAL]] },
  {
    about: 'shared score bias, key mask',
    inputs: [...apart, undefined, keyMask, [1, 1, LENGTH, TOTAL]],
    attributes: softMask,
  },
  {
    about: 'keys with heads',
    inputs: [query, [BATCH, HEADS, TOTAL, DIM], [BATCH, HEADS, TOTAL, DIM]],
  },
  {
    about: 'keys with heads, bias of the queries',
    inputs: [query, [BATCH, HEADS, TOTAL, DIM], [BATCH, HEADS, TOTAL, DIM], [3 * WIDTH]],
  },
  {
    about: 'past',
    inputs: [...self, undefined, undefined, undefined, past, past],
    read: [0, 1, 2],
  },
  {
    about: 'past, bias, mask, causal',
    inputs: [...self, [3 * WIDTH], keyMask, undefined, past, past],
    attributes: { unidirectional },
    read: [0, 1, 2],
  },
  { about: 'packed', inputs: [[BATCH, LENGTH, HEADS, 3, DIM]], kernel: unpackedKernel },
  {
    about: 'packed, bias, key mask',
    inputs: [[BATCH, TOTAL, HEADS, 3, DIM], undefined, undefined, [3 * WIDTH], keyMask],
    kernel: unpackedKernel,
  },
  { about: 'packed keys', inputs: [query, [BATCH, TOTAL, HEADS, 2, DIM]], kernel: unpackedKernel },
];

const MODEL = 6;
const x = [BATCH, LENGTH, MODEL];
const weight = [MODEL, 3 * WIDTH];
const bias = [3 * WIDTH];
const stackedPast = [2, BATCH, HEADS, TOTAL - LENGTH, DIM];
const tokenMask = int32([1, 1, 0, 0, 1, 1], [BATCH, LENGTH]);

/** The kernel crashes the process where there is no bias. */
const zeroBiasKernel: NonNullable<FusedCase['kernel']> = (g, inputs) => {
  const zeros = g.constant({ dtype: 'float32', shape: bias, data: new Float32Array(3 * WIDTH) });
  const domain = 'com.microsoft';
  return [g.op('Attention', [...inputs, zeros], { num_heads: int(HEADS) }, { domain })];
};

const packedVariants: readonly Variant[] = [
  { about: 'plain', inputs: [x, weight, bias] },
  { about: 'no bias', inputs: [x, weight], kernel: zeroBiasKernel },
  { about: 'scale', inputs: [x, weight, bias], attributes: { scale: float(0.3) } },
  { about: 'causal', inputs: [x, weight, bias], attributes: { unidirectional } },
  {
    about: 'values of another width',
    inputs: [x, [MODEL, 22], [22]],
    attributes: { qkv_hidden_sizes: ints([8, 8, 6]) },
  },
  { about: 'token mask', inputs: [x, weight, bias, tokenMask] },
  {
    about: 'token mask, causal',
    inputs: [x, weight, bias, tokenMask],
    attributes: { ...softMask, unidirectional },
  },
  { about: 'row mask', inputs: [x, weight, bias, rowMask(LENGTH)] },
  { about: 'lengths', inputs: [x, weight, bias, int32([2, 3])] },
  { about: 'ends and starts', inputs: [x, weight, bias, int32([2, 3, 1, 0])] },
  { about: 'lengths and offsets', inputs: [x, weight, bias, int32([2, 3, 0, 2, 5, 0, 3, 6])] },
  { about: 'past', inputs: [x, weight, bias, undefined, stackedPast], read: [0, 1] },
  {
    about: 'past, causal',
    inputs: [x, weight, bias, undefined, stackedPast],
    attributes: { unidirectional },
    read: [0, 1],
  },
  {
    about: 'score bias',
    inputs: [x, weight, bias, undefined, undefined, [1, HEADS, LENGTH, LENGTH]],
    attributes: { scale: float(0.3) },
  },
];

const casesOf = (opType: string, of: readonly Variant[]): FusedCase[] =>
  of.map(({ attributes, ...rest }) => ({
    key: ms(opType),
    attributes: { num_heads: int(HEADS), ...attributes },
    ...rest,
  }));

export const multiHeadCases: readonly FusedCase[] = [
  ...casesOf('MultiHeadAttention', variants),
  ...casesOf('Attention', packedVariants),
];
