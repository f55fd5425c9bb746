import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { linear } from './linear.js';

export interface ClassHead {
  readonly classes: number;
  /** The token that is passed over at the end of an example; none where absent. */
  readonly padId: number | undefined;
}

/**
 * Logits of the classes from the last token that is not padding, [rows, width] → [batch, classes], as
 * transformers' decoders have them (modeling_layers.py, GenericForSequenceClassification): an example
 * may end with padding tokens of its own, and one of nothing else is read at its first token.
 * Adds the input `attention_mask`, int64 [batch, length].
 */
export function classHead(
  f: Forward,
  hidden: Value,
  inputIds: Value,
  { classes, padId }: ClassHead,
): Value {
  const { g } = f;
  const { batch, length } = f.shape;
  const inside = g.input('attention_mask', 'int64', [batch, length]);
  const counts = padId === undefined ? inside : g.mul(inside, isNot(f, inputIds, padId));
  const positions = g.constant({
    dtype: 'int64',
    shape: [length],
    data: [...Array(length).keys()],
  });
  const last = g.op('ArgMax', [g.mul(counts, positions)], { axis: int(1), keepdims: int(0) });
  const starts = Array.from({ length: batch }, (_, example) => example * length);
  const rows = g.add(last, g.constant({ dtype: 'int64', shape: [batch], data: starts }));
  return linear(f, g.op('Gather', [hidden, rows]), 'score', classes, { bias: false });
}

/** 0 where an id is `id`, 1 elsewhere: int64. */
function isNot({ g }: Forward, ids: Value, id: number): Value {
  const same = g.op('Equal', [ids, g.constant({ dtype: 'int64', shape: [], data: [id] })]);
  return g.cast(g.op('Not', [same]), 'int64');
}
