import { type Graph, GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { type ChunkOptions, chunksFor } from './chunk-size.js';
import { orderedAfter, pickColumns } from './chunked-columns.js';
import { chunkLogits, type VocabularyChunk, type VocabularyHead } from './vocabulary-head.js';

/**
 * Columns of what a damage graph says of a row: with z the logits of the original model, z′ those of
 * the changed one, d = z′ − z and p ∝ exp(z), up to a common factor of the first three,
 * Σ p, Σ p (exp(d) − d), Σ p d, and then z′[y], z′ where z is largest, and max z′.
 */
export const DAMAGE_COLUMNS = ['weight', 'excess', 'shift', 'target', 'atTop', 'largest'] as const;

/** The heads of the original and of the changed model; one where no weight of it is changed. */
export interface ComparedHeads {
  readonly original: VocabularyHead;
  readonly changed?: VocabularyHead | undefined;
}

/**
 * Compares two models by their final hidden states, in chunks of the vocabulary: a graph from `hidden`
 * and `changed_hidden` [rows, width], `log_normalizers` [rows, 1], which are near logsumexp(z), and
 * `columns` int64 [rows, 2], which are y and where z is largest, to `damage` float64 [rows, 6].
 *
 * exp(d) − d is 1 + d²/2 + …, so where d is a thousandth, float32 has no digit of it: it is computed
 * and summed in float64. d itself is the difference of float32 products, and p is float32; their errors
 * are the same in every sum, and p's normaliser is divided by Σ p afterwards.
 */
export function buildDamageGraph(
  { original, changed }: ComparedHeads,
  options: ChunkOptions = {},
): Graph {
  const g = new GraphBuilder('damage');
  const { dtype, shape } = original.hidden;
  const [rows = 0] = shape;
  const hidden = g.input('hidden', dtype, shape);
  const changedHidden = g.input('changed_hidden', dtype, shape);
  const normalizers = g.input('log_normalizers', dtype, [rows, 1]);
  const columns = g.input('columns', 'int64', [rows, 2]);
  const logitsOf = logitPairs(g, { original, changed }, hidden, changedHidden);

  let sums: readonly Value[] | undefined;
  let largest: Value | undefined;
  for (const chunk of chunksFor(rows, original.vocabulary, options)) {
    const [z, zChanged] = logitsOf(chunk, sums && largest && [...sums, largest]);
    const p = g.cast(g.op('Exp', [g.sub(z, normalizers)]), 'float64');
    const d = g.cast(g.sub(zChanged, z), 'float64');
    const parts = [p, g.mul(p, g.sub(g.op('Exp', [d]), d)), g.mul(p, d)].map((terms) =>
      g.reduceSum(terms, [-1], true),
    );
    const picked = g.cast(pickColumns(g, zChanged, columns, chunk), 'float64');
    const own = [...parts, picked];
    sums = sums?.map((sum, i) => g.add(sum, own[i] ?? sum)) ?? own;
    const here = g.op('ReduceMax', [zChanged, g.int64([-1])], { keepdims: int(1) });
    largest = largest ? g.op('Max', [largest, here]) : here;
  }
  if (!sums || !largest) throw new RangeError('a head without a vocabulary');
  const joined = [...sums, g.cast(largest, 'float64')];
  return g.build([g.op('Concat', joined, { axis: int(1) }, { name: 'damage' })]);
}

/** The logits of both models for one chunk after the other. */
function logitPairs(
  g: GraphBuilder,
  { original, changed }: ComparedHeads,
  hidden: Value,
  changedHidden: Value,
): (chunk: VocabularyChunk, earlier?: readonly Value[]) => readonly [Value, Value] {
  const after = (x: Value, earlier?: readonly Value[]) =>
    earlier ? orderedAfter(g, x, earlier) : x;
  if (changed) {
    return (chunk, earlier) => [
      chunkLogits(g, original, after(hidden, earlier), chunk),
      chunkLogits(g, changed, after(changedHidden, earlier), chunk, 'changed '),
    ];
  }
  // One product for both: the weights are read, and widened where they are narrow, once.
  const both = g.op('Concat', [hidden, changedHidden], { axis: int(0) });
  return (chunk, earlier) => {
    const joined = chunkLogits(g, original, after(both, earlier), chunk);
    const halves = { axis: int(0), num_outputs: int(2) };
    const [z, zChanged] = g.ops('Split', [joined], halves, { outputs: 2 });
    if (!z || !zChanged) throw new TypeError('Split gave fewer than two parts');
    return [z, zChanged];
  };
}
