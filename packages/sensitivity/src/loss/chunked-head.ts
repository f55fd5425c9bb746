import type { Labels } from '@layersense/contracts';
import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { exampleRows, gram, sumAll, sumOfSquares } from '../per-example/example-rows.js';
import { weightedSum } from '../per-example/gram-marginals.js';
import type { ParameterUse } from '../per-example/parameter-uses.js';
import { atTargets, drawnLabels, givenLabels, labelSource, within } from './chunk-targets.js';
import type { OutputHead } from './output-head.js';
import { logitsOf, vocabularyChunks } from './vocabulary-chunks.js';

export interface ChunkedHeadOptions {
  readonly batch: number;
  /** Rows of the vocabulary that are computed at a time. */
  readonly chunk: number;
  readonly labels: Labels;
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
 * Adds the input `loss_weights` [rows] and that of {@link labelSource}.
 */
export function attachChunkedHead(
  g: GraphBuilder,
  head: OutputHead,
  { batch, chunk, labels, lookups, marginals }: ChunkedHeadOptions,
): ChunkedHead {
  const [rows = 0] = head.x.shape;
  const weights = g.input('loss_weights', head.x.dtype, [rows]);
  const source = labelSource(g, labels, head.x);
  const chunks = vocabularyChunks(g, head, chunk);
  const all = chunks.length === 1 && chunks[0] ? logitsOf(g, head.x, chunks[0]) : undefined;
  const firstPass = labels === 'data' ? givenLabels : drawnLabels;
  const { normalizer, targetsIn, targetLogits } = firstPass(g, source, head.x, chunks, all);
  const lossesFrom = (ofTargets: Value) => {
    const tokenLosses = g.sub(g.reshape(normalizer, [rows]), ofTargets);
    return g.reduceSum(g.reshape(g.mul(weights, tokenLosses), [batch, rows / batch]), [1]);
  };
  const known = targetLogits && lossesFrom(targetLogits);

  const column = g.reshape(weights, [rows, 1]);
  const inputRows = marginals ? exampleRows(g, head.x, batch) : undefined;
  const inputGram = inputRows && gram(g, inputRows, inputRows);
  const rowSums: Value[] = [];
  let totals: Value[] = [];
  let afterLast: Value | undefined;
  for (const [i, each] of chunks.entries()) {
    const { weight, start, size } = each;
    // Orders the chunks: ONNX Runtime would otherwise compute them all and hold them for later.
    const x = afterLast ? g.add(head.x, afterLast) : head.x;
    const z = all ?? logitsOf(g, x, each);
    const p = g.op('Exp', [g.sub(z, normalizer)]);
    const { index, inside } = targetsIn(i, p);
    const atTarget = g.op('GatherElements', [p, index], { axis: int(1) });
    const update = g.mul(column, g.sub(atTarget, inside));
    const delta = g.op('ScatterElements', [g.mul(p, column), index, update], { axis: int(1) });
    const deltaRows = exampleRows(g, delta, batch);
    const parts = [
      g.op('Gemm', [delta, weight]),
      gram(g, deltaRows, deltaRows),
      ...lookups.map((tokens) => atTokens(g, deltaRows, tokens, start, size)),
      ...(head.bias ? [sumOfSquares(g, g.reduceSum(deltaRows, [1]))] : []),
      ...(known ? [] : [atTargets(g, z, { index, inside })]),
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
  const squaredNorm = head.bias && others[lookups.length];
  const drawnLogits = others.at(-1);
  const losses = known ?? (drawnLogits && lossesFrom(g.reshape(drawnLogits, [rows])));
  if (!losses) throw new RangeError('a head without labels');
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
  const total = sumAll(g, firsts);
  return g.mul(total, g.scalar(0, total.dtype));
}
