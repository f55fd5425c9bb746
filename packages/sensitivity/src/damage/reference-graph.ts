import { type Graph, GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { type ChunkOptions, chunksFor } from './chunk-size.js';
import { orderedAfter, pickColumns } from './chunked-columns.js';
import { chunkLogits, type VocabularyHead } from './vocabulary-head.js';

/**
 * What is kept of the original model's logits z, one row for each row of them: a graph from `hidden`
 * [rows, width] and `labels` int64 [rows] to `reference` float64 [rows, 3].
 */
export const REFERENCE_COLUMNS = ['logNormalizer', 'top', 'targetLogit'] as const;

/**
 * logsumexp(z), the entry of the vocabulary with the largest z (the first of equals), and z[y]; without
 * ever holding more than a chunk of z.
 */
export function buildReferenceGraph(head: VocabularyHead, options: ChunkOptions = {}): Graph {
  const { hidden: from, vocabulary } = head;
  const g = new GraphBuilder('reference');
  const hidden = g.input('hidden', from.dtype, from.shape);
  const [rows = 0] = from.shape;
  const labels = g.reshape(g.input('labels', 'int64', [rows]), [rows, 1]);
  const normalizers: Value[] = [];
  const maxima: Value[] = [];
  const tops: Value[] = [];
  let target: Value | undefined;
  let x = hidden;
  for (const chunk of chunksFor(rows, vocabulary, options)) {
    const z = chunkLogits(g, head, x, chunk);
    const normalizer = g.op('ReduceLogSumExp', [z, g.int64([-1])], { keepdims: int(1) });
    const picked = pickColumns(g, z, labels, chunk);
    target = target ? g.add(target, picked) : picked;
    normalizers.push(normalizer);
    maxima.push(g.op('ReduceMax', [z, g.int64([-1])], { keepdims: int(1) }));
    const local = g.op('ArgMax', [z], { axis: int(-1), keepdims: int(1) });
    tops.push(g.add(local, g.constant({ dtype: 'int64', shape: [], data: [chunk.start] })));
    x = orderedAfter(g, hidden, [target, normalizer, local]);
  }
  if (!target) throw new RangeError('a head without a vocabulary');
  const join = (columns: readonly Value[]) => g.op('Concat', columns, { axis: int(1) });
  const best = g.op('ArgMax', [join(maxima)], { axis: int(-1), keepdims: int(1) });
  const columns = [
    g.op('ReduceLogSumExp', [join(normalizers), g.int64([-1])], { keepdims: int(1) }),
    g.op('GatherElements', [join(tops), best], { axis: int(1) }),
    target,
  ].map((column) => g.cast(column, 'float64'));
  const joined = g.op('Concat', columns, { axis: int(1) }, { name: 'reference' });
  return g.build([joined]);
}
