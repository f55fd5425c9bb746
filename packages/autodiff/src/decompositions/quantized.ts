import {
  dequantizeBlocks,
  elementCount,
  firstColumns,
  int,
  intAttribute,
  isPackedWidth,
  type Node,
  normalizeAxis,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { Decomposition } from './decomposition.js';

const WEIGHT = 'weight';

/**
 * The value, [N, K], that `decompose` puts in the place of the quantised weight of the `MatMulNBits`
 * node of this name. It is the second input of one `Gemm` with `transB`, whose first input and
 * output are the rows the weight is applied to and what it makes of them.
 */
export function dequantizedWeightName(nodeName: string): string {
  return `${nodeName}#decomposed/${WEIGHT}`;
}

/**
 * Y = A·Wᵀ + bias. Inputs A, packed W [N, blocks, bytes], scales, zero points, order of groups,
 * bias. W depends on constants only, so ONNX Runtime computes it once, when a session is opened.
 */
const matMulNBits: Decomposition = ({ node, input, inputs }, g) => {
  if (inputs[4]) throw unsupported(node, 'its columns are reordered (g_idx)');
  if (intAttribute(node, 'weight_prepacked', 0) !== 0) {
    throw unsupported(node, 'its weight is laid out for one kind of GPU (weight_prepacked)');
  }
  const a = input(0);
  const [n, k] = [intAttribute(node, 'N', 0), intAttribute(node, 'K', 0)];
  const size = intAttribute(node, 'block_size', 0);
  const scales = g.reshape(input(2), [n, Math.ceil(k / size)]);
  const packed = g.reshape(input(1), [n, elementCount(input(1).shape) / n]);
  const zeros = inputs[3] && g.reshape(inputs[3], [n, elementCount(inputs[3].shape) / n]);
  const blocks = dequantizeBlocks(g, { packed, scales, zeros, size, bits: bitsOf(node) });
  const width = elementCount(blocks.shape) / n;
  const named = { name: WEIGHT };
  // The last block may be longer than what is left of K.
  const weight =
    width === k
      ? g.op('Reshape', [blocks, g.int64([n, k])], {}, named)
      : g.op('Slice', [g.reshape(blocks, [n, width]), ...firstColumns(g, k)], {}, named);
  const rows = g.reshape(a, [elementCount(a.shape.slice(0, -1)), k]);
  const product = g.op('Gemm', [rows, weight, ...(inputs[5] ? [inputs[5]] : [])], {
    transB: int(1),
  });
  return [g.reshape(product, a.shape.with(-1, n))];
};

/** Rows of a table that is quantised along them. Inputs packed table, indices, scales, zero points. */
const gatherBlockQuantized: Decomposition = ({ node, input, inputs }, g) => {
  const [data, indices] = [input(0), input(1)];
  const rank = data.shape.length;
  const axis = (name: string, fallback: number) =>
    normalizeAxis(intAttribute(node, name, fallback), rank);
  if (data.dtype !== 'uint8') throw unsupported(node, `its table holds ${data.dtype}, not uint8`);
  if (axis('gather_axis', 0) !== 0) throw unsupported(node, 'its gather_axis is not 0');
  if (axis('quantize_axis', 1) !== rank - 1) {
    throw unsupported(node, 'its blocks do not lie along the last axis');
  }
  const rows = (table: Value) => g.op('Gather', [table, indices]);
  const packed = rows(data);
  const zeros = inputs[3] && rows(inputs[3]);
  const size = intAttribute(node, 'block_size', 128);
  const scales = rows(input(2));
  const width = size * (scales.shape.at(-1) ?? 0);
  if ((data.shape.at(-1) ?? 0) * 8 !== width * bitsOf(node)) {
    throw unsupported(node, `its rows are not made of whole blocks of ${size}`);
  }
  const blocks = dequantizeBlocks(g, { packed, scales, zeros, size, bits: bitsOf(node) });
  return [g.reshape(blocks, [...scales.shape.slice(0, -1), width])];
};

function bitsOf(node: Node): number {
  const bits = intAttribute(node, 'bits', 4);
  if (isPackedWidth(bits)) return bits;
  throw unsupported(node, `its values have ${bits} bits`);
}

export const quantizedDecompositions = {
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.MatMulNBits': matMulNBits,
} satisfies Record<string, Decomposition>;
