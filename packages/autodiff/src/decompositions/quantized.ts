import {
  type ElementType,
  elementCount,
  type GraphBuilder,
  int,
  intAttribute,
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
  const blocks = dequantize(g, node, { packed, scales, zeros, size });
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
  const blocks = dequantize(g, node, { packed, scales, zeros, size });
  return [g.reshape(blocks, [...scales.shape.slice(0, -1), width])];
};

interface Quantized {
  /** uint8 [..., bytes], the lowest bits first. */
  readonly packed: Value;
  /** [..., blocks]. */
  readonly scales: Value;
  /** Packed like the values or, as numbers, shaped like the scales; the middle by default. */
  readonly zeros: Value | undefined;
  /** Values of a block. */
  readonly size: number;
}

/** (q − zero point)·scale, [..., blocks, size]. */
function dequantize(
  g: GraphBuilder,
  node: Node,
  { packed, scales, zeros, size }: Quantized,
): Value {
  const { dtype, shape } = scales;
  const bits = bitsOf(node);
  const column = [...shape, 1];
  const blocks = g.reshape(unpack(g, packed, bits, dtype), [...shape, size]);
  const middle = g.scalar(2 ** (bits - 1), dtype);
  const zero = zeros ? g.reshape(zeroPoints(g, zeros, bits, scales), column) : middle;
  return g.mul(g.sub(blocks, zero), g.reshape(scales, column));
}

function bitsOf(node: Node): number {
  const bits = intAttribute(node, 'bits', 4);
  if ([2, 4, 8].includes(bits)) return bits;
  throw unsupported(node, `its values have ${bits} bits`);
}

/** One number per scale. */
function zeroPoints(g: GraphBuilder, zeros: Value, bits: number, { dtype, shape }: Value): Value {
  if (zeros.dtype !== 'uint8') return zeros;
  const unpacked = unpack(g, zeros, bits, dtype);
  const blocks = shape.at(-1) ?? 0;
  return unpacked.shape.at(-1) === blocks
    ? unpacked
    : g.op('Slice', [unpacked, ...firstColumns(g, blocks)]);
}

/** The numbers in the bytes [..., bytes], from the lowest bits up: [..., bytes · 8 / bits]. */
function unpack(g: GraphBuilder, packed: Value, bits: number, dtype: ElementType): Value {
  let digits = g.cast(packed, dtype);
  for (let width = 4; width >= bits; width /= 2) digits = halves(g, digits, 2 ** width);
  return digits;
}

/**
 * q = high·base + low as [low, high], side by side. In floating point, where it is exact: bit
 * operators have no CUDA kernel, and none at all before opset 18.
 */
function halves(g: GraphBuilder, q: Value, base: number): Value {
  const high = g.op('Floor', [g.mul(q, g.scalar(1 / base, q.dtype))]);
  const low = g.sub(q, g.mul(high, g.scalar(base, q.dtype)));
  const pair = [low, high].map((x) => g.reshape(x, [...x.shape, 1]));
  const pairs = g.op('Concat', pair, { axis: int(-1) });
  return g.reshape(pairs, q.shape.with(-1, 2 * (q.shape.at(-1) ?? 0)));
}

/** The operands that make `Slice` take the first `count` columns. */
function firstColumns(g: GraphBuilder, count: number): readonly Value[] {
  return [g.int64([0]), g.int64([count]), g.int64([-1])];
}

export const quantizedDecompositions = {
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.MatMulNBits': matMulNBits,
} satisfies Record<string, Decomposition>;
