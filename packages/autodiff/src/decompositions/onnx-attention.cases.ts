import { type Attributes, float, int } from '@layersense/onnx-ir';
import type { CaseInput } from '@layersense/testing';
import { type FusedCase, ids } from './fused.cases.js';

const [BATCH, LENGTH, TOTAL, HEADS, DIM] = [2, 3, 5, 4, 4];
const KEY_HEADS = 2;
const VALUE_DIM = 6;

const mask = (
  shape: readonly number[],
  keeps: (row: number, column: number) => boolean,
): CaseInput => {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, (_, i) =>
    keeps(Math.floor(i / columns) % rows, i % columns) ? 1 : 0,
  );
  return { constant: { dtype: 'bool', shape, data } };
};
/** Two of five keys are hidden from every query. */
const mostly = (row: number, column: number) => (row + column) % 3 !== 1;
/** The second query sees nothing. */
const withEmptyRow = (row: number, column: number) => row !== 1 && mostly(row, column);

const queries = [BATCH, HEADS, LENGTH, DIM];
const keys = [BATCH, KEY_HEADS, TOTAL, DIM];
const values = [BATCH, KEY_HEADS, TOTAL, VALUE_DIM];
const apart = [queries, keys, values];
const fresh = [queries, [BATCH, KEY_HEADS, LENGTH, DIM], [BATCH, KEY_HEADS, LENGTH, VALUE_DIM]];
const past = [
  [BATCH, KEY_HEADS, TOTAL - LENGTH, DIM],
  [BATCH, KEY_HEADS, TOTAL - LENGTH, VALUE_DIM],
];
const isCausal = { is_causal: int(1) };

interface Variant {
  readonly about: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
  readonly read?: readonly number[];
  /** 23 and 24 by default. */
  readonly opsets?: readonly number[];
}

const variants: readonly Variant[] = [
  { about: 'plain', inputs: apart },
  {
    about: 'as many key heads',
    inputs: [queries, [BATCH, HEADS, TOTAL, DIM], [BATCH, HEADS, TOTAL, DIM]],
  },
  {
    about: 'three axes',
    inputs: [
      [BATCH, LENGTH, HEADS * DIM],
      [BATCH, TOTAL, KEY_HEADS * DIM],
      [BATCH, TOTAL, KEY_HEADS * VALUE_DIM],
    ],
    attributes: { q_num_heads: int(HEADS), kv_num_heads: int(KEY_HEADS) },
  },
  { about: 'scale', inputs: apart, attributes: { scale: float(0.3) } },
  { about: 'softcap', inputs: apart, attributes: { softcap: float(1.5) } },
  { about: 'causal', inputs: fresh, attributes: isCausal },
  { about: 'causal, more keys than queries', inputs: apart, attributes: isCausal },
  { about: 'mask', inputs: [...apart, mask([LENGTH, TOTAL], mostly)] },
  { about: 'mask per head', inputs: [...apart, mask([HEADS, LENGTH, TOTAL], mostly)] },
  { about: 'mask per example', inputs: [...apart, mask([BATCH, 1, LENGTH, TOTAL], mostly)] },
  { about: 'mask that hides a row', inputs: [...apart, mask([LENGTH, TOTAL], withEmptyRow)] },
  {
    about: 'mask, causal',
    inputs: [...apart, mask([LENGTH, TOTAL], (i, j) => mostly(i, j) || j === 0)],
    attributes: isCausal,
  },
  {
    about: 'mask, causal, a row hidden by both',
    inputs: [...apart, mask([LENGTH, TOTAL], mostly)],
    attributes: isCausal,
  },
  { about: 'score bias', inputs: [...apart, [BATCH, HEADS, LENGTH, TOTAL]] },
  {
    about: 'shared score bias, softcap, scale',
    inputs: [...apart, [LENGTH, TOTAL]],
    attributes: { softcap: float(1.5), scale: float(0.8) },
  },
  {
    about: 'score bias of −∞ in a row',
    inputs: [
      ...apart,
      {
        constant: {
          dtype: 'float32',
          shape: [LENGTH, TOTAL],
          data: [0, 0, 0, 0, 0, ...new Array<number>(5).fill(-Infinity), 1, -Infinity, 0, 0, 2],
        },
      },
    ],
  },
  { about: 'past', inputs: [...fresh, undefined, ...past], read: [0, 1, 2] },
  {
    about: 'past, causal, mask',
    inputs: [...fresh, mask([LENGTH, TOTAL], withEmptyRow), ...past],
    attributes: isCausal,
    read: [0, 1, 2],
  },
  {
    about: 'lengths of the keys',
    inputs: [...apart, undefined, undefined, undefined, ids([4, 5])],
    opsets: [24],
  },
  {
    about: 'lengths of the keys, causal',
    inputs: [...apart, undefined, undefined, undefined, ids([3, 5])],
    attributes: isCausal,
    opsets: [24],
  },
  {
    about: 'fewer keys than queries, causal',
    inputs: [...apart, undefined, undefined, undefined, ids([2, 5])],
    attributes: isCausal,
    opsets: [24],
  },
];

export const attentionCases: readonly FusedCase[] = variants.flatMap(
  ({ about, opsets = [23, 24], ...rest }) =>
    opsets.map((opsetVersion) => ({
      key: 'Attention',
      about: `${about}, opset ${opsetVersion}`,
      opsetVersion,
      ...rest,
    })),
);
