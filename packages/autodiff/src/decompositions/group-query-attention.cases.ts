import { type Attributes, float, int } from '@layersense/onnx-ir';
import type { CaseInput } from '@layersense/testing';
import { type FusedCase, ids, int32, ms } from './fused.cases.js';

const [BATCH, LENGTH, HEADS, KEY_HEADS, DIM] = [2, 5, 4, 2, 16];
/** The kernel continues several examples by one token each, or one example by several. */
const STEP = { past: 3, length: 1 };
const CHUNK = { past: 3, batch: 1 };

interface Variant {
  readonly about: string;
  readonly attributes?: Attributes;
  readonly packed?: boolean;
  readonly keyHeads?: number;
  readonly batch?: number;
  readonly length?: number;
  readonly past?: number;
  readonly dim?: number;
  /** Tokens of each example; all of them by default. */
  readonly lengths?: readonly number[];
  readonly cos?: CaseInput;
  readonly positions?: CaseInput;
  readonly bias?: CaseInput;
  readonly sink?: CaseInput;
  readonly rows?: readonly number[];
  readonly read?: readonly number[];
}

const rotary = { do_rotary: int(1) };
const table = [12, DIM / 2];

const variants: readonly Variant[] = [
  { about: 'plain' },
  { about: 'one key head per query head', keyHeads: HEADS },
  { about: 'one key head', keyHeads: 1 },
  { about: 'packed', packed: true },
  { about: 'scale', attributes: { scale: float(0.7) } },
  { about: 'softcap', attributes: { softcap: float(1.5), scale: float(0.7) } },
  { about: 'window of 2', attributes: { local_window_size: int(2) } },
  { about: 'window of the length', attributes: { local_window_size: int(LENGTH) } },
  { about: 'rotary', attributes: rotary, cos: table, read: [0, 1, 2] },
  { about: 'rotary, packed', attributes: rotary, cos: table, packed: true },
  { about: 'rotary, part of the features', attributes: rotary, cos: table, dim: 2 * DIM },
  {
    about: 'rotary, interleaved',
    attributes: { ...rotary, rotary_interleaved: int(1) },
    cos: table,
  },
  {
    about: 'rotary, given positions',
    attributes: rotary,
    cos: table,
    positions: ids([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], [BATCH, LENGTH]),
  },
  {
    about: 'rotary, positions that start later',
    attributes: rotary,
    cos: table,
    positions: ids([3, 4, 5, 6, 7, 3, 4, 5, 6, 7], [BATCH, LENGTH]),
  },
  {
    about: 'rotary, positions of which the first counts',
    attributes: rotary,
    cos: table,
    positions: ids([3, 4, 6, 5, 7, 0, 1, 2, 3, 4], [BATCH, LENGTH]),
  },
  { about: 'bidirectional, padded', attributes: { causal: int(0) }, lengths: [3, 5] },
  { about: 'bias per head', bias: [BATCH, HEADS, LENGTH, LENGTH] },
  {
    about: 'shared bias and softcap',
    bias: [1, 1, LENGTH, LENGTH],
    attributes: { softcap: float(2) },
  },
  { about: 'sinks', sink: [HEADS] },
  {
    about: 'sinks, window, bias',
    sink: [HEADS],
    bias: [1, HEADS, LENGTH, LENGTH],
    attributes: { local_window_size: int(2) },
  },
  { about: 'sinks, softcap', sink: [HEADS], attributes: { softcap: float(2) } },
  { about: 'smooth softmax', attributes: { smooth_softmax: int(1) } },
  { about: 'bidirectional', attributes: { causal: int(0) } },
  { about: 'bidirectional, sinks', attributes: { causal: int(0) }, sink: [HEADS] },
  { about: 'padded', lengths: [3, 5], rows: [0, 1, 2, 5, 6, 7, 8, 9] },
  {
    about: 'padded, rotary, window, sinks',
    lengths: [3, 4],
    rows: [0, 1, 2, 5, 6, 7, 8],
    attributes: { ...rotary, local_window_size: int(3) },
    cos: table,
    sink: [HEADS],
  },
  { about: 'past', ...STEP },
  { about: 'past, several tokens', ...CHUNK },
  {
    about: 'past, rotary, packed',
    ...STEP,
    attributes: rotary,
    cos: table,
    packed: true,
  },
  { about: 'past, rotary, several tokens', ...CHUNK, attributes: rotary, cos: table },
  { about: 'past, window', ...STEP, attributes: { local_window_size: int(2) } },
  { about: 'past, window, several tokens', ...CHUNK, attributes: { local_window_size: int(4) } },
  {
    about: 'past, rotary, given positions',
    ...STEP,
    attributes: rotary,
    cos: table,
    positions: ids([3, 7], [BATCH, 1]),
  },
  {
    about: 'past, softcap, sinks, bias',
    ...CHUNK,
    attributes: { softcap: float(2) },
    sink: [HEADS],
    bias: [1, HEADS, LENGTH, LENGTH + 3],
  },
];

/** A past of no tokens, as exporters feed it. */
const noPast = (batch: number, keyHeads: number, dim: number): CaseInput => ({
  constant: { dtype: 'float32', shape: [batch, keyHeads, 0, dim], data: [] },
});

function groupQueryCase(variant: Variant): FusedCase {
  const { about, attributes = {}, keyHeads = KEY_HEADS, past = 0, lengths } = variant;
  const { batch = BATCH, length = LENGTH, dim = DIM } = variant;
  const width = (heads: number) => [batch, length, heads * dim];
  const projections = variant.packed
    ? [width(HEADS + 2 * keyHeads), undefined, undefined]
    : [width(HEADS), width(keyHeads), width(keyHeads)];
  const cache = past === 0 ? noPast(batch, keyHeads, dim) : [batch, keyHeads, past, dim];
  const last = (lengths ?? Array.from({ length: batch }, () => past + length)).map((n) => n - 1);
  return {
    key: ms('GroupQueryAttention'),
    about,
    inputs: [
      ...projections,
      cache,
      cache,
      int32(last),
      int32([past + length]),
      variant.cos,
      variant.cos,
      variant.positions,
      variant.bias,
      variant.sink,
    ],
    attributes: { num_heads: int(HEADS), kv_num_heads: int(keyHeads), ...attributes },
    // The kernel reads the past only where it also writes the present.
    read: variant.read ?? (past > 0 ? [0, 1, 2] : [0]),
    ...(variant.rows ? { rows: variant.rows } : {}),
  };
}

export const groupQueryCases = variants.map(groupQueryCase);
