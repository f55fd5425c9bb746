import type { Labels } from '@layersense/contracts';
import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { logitsOf, type VocabularyChunk } from './vocabulary-chunks.js';

/** Where the label of every row falls in a chunk of the vocabulary. */
export interface ChunkTargets {
  /** An index into the chunk, valid in any case: int64 [rows, 1]. */
  readonly index: Value;
  /** 1 where that is the label, 0 where the label is in another chunk: [rows, 1]. */
  readonly inside: Value;
}

/** Where `ids` fall in a chunk. */
export function within(
  g: GraphBuilder,
  ids: Value,
  start: number,
  size: number,
  dtype: Value['dtype'],
): ChunkTargets {
  const constant = (x: number) => g.constant({ dtype: 'int64', shape: [], data: [x] });
  const local = g.sub(ids, constant(start));
  const index = g.op('Min', [g.op('Max', [local, constant(0)]), constant(size - 1)]);
  return { index, inside: g.cast(g.op('Equal', [local, index]), dtype) };
}

/** z[y] where the label is in this chunk, 0 elsewhere: [rows, 1]. */
export function atTargets(g: GraphBuilder, z: Value, { index, inside }: ChunkTargets): Value {
  return g.mul(g.op('GatherElements', [z, index], { axis: int(1) }), inside);
}

/** What a first pass over the chunks of the vocabulary finds. */
export interface FirstPass {
  /** logsumexp(z): [rows, 1]. */
  readonly normalizer: Value;
  /** The labels in chunk i, by the probabilities of its entries. */
  readonly targetsIn: (i: number, probabilities: Value) => ChunkTargets;
  /** z[y] of every row, [rows]; undefined where the labels are known in the second pass only. */
  readonly targetLogits: Value | undefined;
}

/** Adds what labels come from: `labels` int64 [rows], or `uniforms` [rows, 1]. Both as [rows, 1]. */
export function labelSource(g: GraphBuilder, labels: Labels, x: Value): Value {
  const [rows = 0] = x.shape;
  return labels === 'data'
    ? g.reshape(g.input('labels', 'int64', [rows]), [rows, 1])
    : g.input('uniforms', x.dtype, [rows, 1]);
}

/**
 * Labels of the data.
 *
 * @param all the logits, where one chunk holds them
 */
export function givenLabels(
  g: GraphBuilder,
  targets: Value,
  x: Value,
  chunks: readonly VocabularyChunk[],
  all: Value | undefined,
): FirstPass {
  const [rows = 0] = x.shape;
  // What is wanted of a chunk is joined at once: while one of two values waits, the chunk stays.
  const columns = chunks.map((each) => {
    const z = all ?? logitsOf(g, x, each);
    const normalizer = g.op('ReduceLogSumExp', [z, g.int64([-1])], { keepdims: int(1) });
    const target = atTargets(g, z, within(g, targets, each.start, each.size, z.dtype));
    return g.op('Concat', [normalizer, target], { axis: int(1) });
  });
  const joined = g.reshape(g.op('Concat', columns, { axis: int(1) }), [rows, chunks.length, 2]);
  const [ofChunks, targetsOfChunks] = g.ops(
    'Split',
    [joined],
    { axis: int(2), num_outputs: int(2) },
    { outputs: 2 },
  );
  if (!ofChunks || !targetsOfChunks) throw new RangeError('Split gave fewer than two parts');
  return {
    normalizer: joinedNormalizer(g, ofChunks),
    targetsIn: (i) => {
      const { start = 0, size = 0 } = chunks[i] ?? {};
      return within(g, targets, start, size, x.dtype);
    },
    targetLogits: g.reshape(g.reduceSum(targetsOfChunks, [1]), [rows]),
  };
}

/**
 * Labels drawn from the model, y = #{v: cdf(v) < u} as `attachLoss` draws them, without the whole
 * distribution of a row ever being there: the masses of the chunks say in which of them y is, and the
 * probabilities inside that one which of its entries.
 *
 * @param all the logits, where one chunk holds them
 */
export function drawnLabels(
  g: GraphBuilder,
  uniforms: Value,
  x: Value,
  chunks: readonly VocabularyChunk[],
  all: Value | undefined,
): FirstPass {
  const columns = chunks.map((each) => {
    const z = all ?? logitsOf(g, x, each);
    return g.op('ReduceLogSumExp', [z, g.int64([-1])], { keepdims: int(1) });
  });
  const joined = g.op('Concat', columns, { axis: int(1) });
  const normalizer = joinedNormalizer(g, joined);
  const axis = g.constant({ dtype: 'int64', shape: [], data: [1] });
  const masses = g.op('Exp', [g.sub(joined, normalizer)]);
  const before = g.op('CumSum', [masses, axis], { exclusive: int(1) });
  const chosen = countBelow(g, g.op('CumSum', [masses, axis]), uniforms);
  return {
    normalizer,
    targetsIn: (i, probabilities) => {
      const mass = g.op('Slice', [before, g.int64([i]), g.int64([i + 1]), g.int64([1])]);
      const rest = g.sub(uniforms, mass);
      const index = countBelow(g, g.op('CumSum', [probabilities, axis]), rest);
      const inside = g.op('Equal', [chosen, g.scalar(i, x.dtype)]);
      return { index: g.cast(index, 'int64'), inside: g.cast(inside, x.dtype) };
    },
    targetLogits: undefined,
  };
}

/** logsumexp over the chunks': [rows, chunks] or [rows, chunks, 1] → [rows, 1]. */
function joinedNormalizer(g: GraphBuilder, ofChunks: Value): Value {
  const reduced = g.op('ReduceLogSumExp', [ofChunks, g.int64([1])], { keepdims: int(0) });
  return g.reshape(reduced, [ofChunks.shape[0] ?? 0, 1]);
}

/** How many of a row's values are below its bound, at most all but one: [rows, 1]. */
function countBelow(g: GraphBuilder, values: Value, bound: Value): Value {
  const [, width = 0] = values.shape;
  const below = g.cast(g.op('Less', [values, bound]), values.dtype);
  // Rounding can leave the sum of all below the bound.
  const most = g.scalar(width - 1, values.dtype);
  return g.op('Min', [g.reduceSum(below, [1], true), most]);
}
