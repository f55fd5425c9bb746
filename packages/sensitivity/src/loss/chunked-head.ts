import {
  elementCount,
  type GraphBuilder,
  type Initializer,
  int,
  type Value,
} from '@layersense/onnx-ir';
import { exampleRows, gram, sumOfSquares } from '../per-example/example-rows.js';
import { weightedSum } from '../per-example/gram-marginals.js';
import type { ParameterUse } from '../per-example/parameter-uses.js';
import type { HeadParameter, OutputHead } from './output-head.js';

export interface ChunkedHeadOptions {
  readonly batch: number;
  /** Rows of the vocabulary that are computed at a time. */
  readonly chunk: number;
  /** Tokens that a table tied to the head looks up. */
  readonly lookups: readonly Value[];
  /** Whether Σ g² by row of W is summed beside. */
  readonly marginals: boolean;
}

export interface ChunkedHead {
  /** ℓₙ per example: [batch]. */
  readonly losses: Value;
  /** ∂(Σₙ ℓₙ)/∂x: [rows, width]. */
  readonly inputCotangent: Value;
  readonly weightUse: Extract<ParameterUse, { kind: 'head' }>;
  /** The use of the head's bias, where it has one. */
  readonly biasUse: Extract<ParameterUse, { kind: 'head-bias' }> | undefined;
}

/**
 * The loss of `attachLoss` and what the backward pass and the head's norm need of the logits, without
 * ever holding more than `chunk` columns of them. Two passes over the vocabulary: the first for
 * logsumexp(z) and z[y], the second for the columns δ = w (softmax(z) − onehot(y)) and, before these
 * are dropped, Σ δ W, Σ δ δᵀ, δ[token] and, of a bias, ‖Σₜ δₜ‖². One more product with W than the plain
 * head needs.
 *
 * Adds the inputs `loss_weights` [rows] and `labels` int64 [rows].
 */
export function attachChunkedHead(
  g: GraphBuilder,
  head: OutputHead,
  { batch, chunk, lookups, marginals }: ChunkedHeadOptions,
): ChunkedHead {
  const [rows = 0] = head.x.shape;
  const weights = g.input('loss_weights', head.x.dtype, [rows]);
  const targets = g.reshape(g.input('labels', 'int64', [rows]), [rows, 1]);
  const chunks = vocabularyChunks(g, head, chunk);

  // What is wanted of a chunk is joined at once: while one of two values waits, the chunk stays.
  const all = chunks.length === 1 && chunks[0] ? logitsOf(g, head.x, chunks[0]) : undefined;
  const columns = chunks.map((each) => {
    const { start, size } = each;
    const z = all ?? logitsOf(g, head.x, each);
    const normalizer = g.op('ReduceLogSumExp', [z, g.int64([-1])], { keepdims: int(1) });
    const { index, inside } = within(g, targets, start, size, z.dtype);
    const target = g.mul(g.op('GatherElements', [z, index], { axis: int(1) }), inside);
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
  const normalizer = g.reshape(
    g.op('ReduceLogSumExp', [ofChunks, g.int64([1])], { keepdims: int(0) }),
    [rows, 1],
  );
  const targetLogits = g.reshape(g.reduceSum(targetsOfChunks, [1]), [rows]);
  const tokenLosses = g.sub(g.reshape(normalizer, [rows]), targetLogits);
  const losses = g.reduceSum(g.reshape(g.mul(weights, tokenLosses), [batch, rows / batch]), [1]);

  const column = g.reshape(weights, [rows, 1]);
  const inputRows = marginals ? exampleRows(g, head.x, batch) : undefined;
  const inputGram = inputRows && gram(g, inputRows, inputRows);
  const rowSums: Value[] = [];
  let totals: Value[] = [];
  let afterLast: Value | undefined;
  for (const each of chunks) {
    const { weight, start, size } = each;
    // Orders the chunks: ONNX Runtime would otherwise compute them all and hold them for later.
    const x = afterLast ? g.add(head.x, afterLast) : head.x;
    const z = all ?? logitsOf(g, x, each);
    const p = g.op('Exp', [g.sub(z, normalizer)]);
    const { index, inside } = within(g, targets, start, size, z.dtype);
    const atTarget = g.op('GatherElements', [p, index], { axis: int(1) });
    const update = g.mul(column, g.sub(atTarget, inside));
    const delta = g.op('ScatterElements', [g.mul(p, column), index, update], { axis: int(1) });
    const deltaRows = exampleRows(g, delta, batch);
    const parts = [
      g.op('Gemm', [delta, weight]),
      gram(g, deltaRows, deltaRows),
      ...lookups.map((tokens) => atTokens(g, deltaRows, tokens, start, size)),
      ...(head.bias ? [sumOfSquares(g, g.reduceSum(deltaRows, [1]))] : []),
    ];
    totals = parts.map((part, i) => (totals[i] ? g.add(totals[i], part) : part));
    if (inputGram) rowSums.push(weightedSum(g, deltaRows, inputGram, deltaRows));
    afterLast = zeroFrom(g, [...totals, ...rowSums.slice(-1)]);
  }
  // The same has the last chunk reduced before the backward pass, not when the head's norm is due.
  const [first, deltaGram, ...others] = totals;
  const inputCotangent = first && afterLast && g.add(first, afterLast);
  if (!inputCotangent || !deltaGram) throw new RangeError('a head without a vocabulary');
  const byTokens = lookups.flatMap(({ name }, i) => {
    const value = others[i];
    return value ? [[name, value] as const] : [];
  });
  const squaredNorm = head.bias && others.at(-1);
  const at = { output: head.x };
  const forMarginals = inputGram && {
    inputGram,
    rowSums: g.op('Concat', rowSums, { axis: int(1) }),
  };
  return {
    losses,
    inputCotangent,
    weightUse: {
      ...at,
      kind: 'head',
      x: head.x,
      deltaGram,
      atTokens: new Map(byTokens),
      ...forMarginals,
    },
    biasUse: squaredNorm && { ...at, kind: 'head-bias', squaredNorm },
  };
}

interface VocabularyChunk {
  readonly weight: Value;
  readonly bias: Value | undefined;
  readonly start: number;
  readonly size: number;
}

/** W and b, or row ranges of them as initializers of their own: the same bytes of the same file. */
function vocabularyChunks(
  g: GraphBuilder,
  { weight, bias, x }: OutputHead,
  chunk: number,
): readonly VocabularyChunk[] {
  const [vocabulary = 0] = g.value(weight.name).shape;
  const whole = ({ name }: HeadParameter) => g.cast(g.value(name), x.dtype);
  if (chunk >= vocabulary) {
    return [{ weight: whole(weight), bias: bias && whole(bias), start: 0, size: vocabulary }];
  }
  return Array.from({ length: Math.ceil(vocabulary / chunk) }, (_, i) => {
    const start = i * chunk;
    const size = Math.min(chunk, vocabulary - start);
    const rows = ({ name, stored }: HeadParameter) =>
      g.cast(
        g.initializer(`${name}[${start}:${start + size}]`, rowsOf(stored, start, size)),
        x.dtype,
      );
    return { weight: rows(weight), bias: bias && rows(bias), start, size };
  });
}

/** Rows of a matrix, or elements of a vector. */
function rowsOf(stored: Initializer, start: number, size: number): Initializer {
  const { shape } = stored.kind === 'inline' ? stored.tensor : stored.ref;
  const [rows = 1] = shape;
  const part = { shape: shape.with(0, size) };
  if (stored.kind === 'inline') {
    const width = elementCount(shape) / rows;
    const data = stored.tensor.data.slice(start * width, (start + size) * width);
    return { kind: 'inline', tensor: { ...stored.tensor, ...part, data } };
  }
  const rowBytes = stored.ref.length / rows;
  const offset = stored.ref.offset + start * rowBytes;
  return { kind: 'external', ref: { ...stored.ref, ...part, offset, length: size * rowBytes } };
}

/** x Wᵀ (+ b) of a chunk: [rows, size]. */
function logitsOf(g: GraphBuilder, x: Value, { weight, bias }: VocabularyChunk): Value {
  return g.op('Gemm', bias ? [x, weight, bias] : [x, weight], { transB: int(1) });
}

/** Where ids fall in a chunk: a valid index in any case, and 1 where it is the id's own, else 0. */
function within(
  g: GraphBuilder,
  ids: Value,
  start: number,
  size: number,
  dtype: Value['dtype'],
): { readonly index: Value; readonly inside: Value } {
  const constant = (x: number) => g.constant({ dtype: 'int64', shape: [], data: [x] });
  const local = g.sub(ids, constant(start));
  const index = g.op('Min', [g.op('Max', [local, constant(0)]), constant(size - 1)]);
  return { index, inside: g.cast(g.op('Equal', [local, index]), dtype) };
}

/** δₛ[tokenₜ] for the tokens of this chunk, 0 for others: [batch, length, lookups]. */
function atTokens(
  g: GraphBuilder,
  deltaRows: Value,
  tokens: Value,
  start: number,
  size: number,
): Value {
  const [batch = 0, positions = 0] = deltaRows.shape;
  const row = g.reshape(tokens, [batch, 1, -1]);
  const { index, inside } = within(g, row, start, size, deltaRows.dtype);
  const shape = g.int64([batch, positions, row.shape[2] ?? 0]);
  const indices = g.op('Expand', [index, shape]);
  return g.mul(g.op('GatherElements', [deltaRows, indices], { axis: int(2) }), inside);
}

/** 0 [1, 1], known only once every one of `values` is. */
function zeroFrom(g: GraphBuilder, values: readonly Value[]): Value {
  const firsts = values.map((value) => {
    const axes = value.shape.map((_, axis) => axis);
    const bounds = [axes.map(() => 0), axes.map(() => 1), axes].map((each) => g.int64(each));
    return g.reshape(g.op('Slice', [value, ...bounds]), [1, 1]);
  });
  const total = sum(g, firsts);
  return g.mul(total, g.scalar(0, total.dtype));
}

function sum(g: GraphBuilder, values: readonly Value[]): Value {
  return values.reduce((total, value) => g.add(total, value));
}
