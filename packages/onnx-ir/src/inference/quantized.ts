import { elementCount, intAttribute } from '../graph/graph.js';
import { type InferenceRule, ShapeMismatch } from './inference-rule.js';

const matMulNBits: InferenceRule = ({ node, input }) => {
  const { dtype, shape } = input(0);
  const [n, k] = [intAttribute(node, 'N', 0), intAttribute(node, 'K', 0)];
  if (shape.at(-1) !== k) throw new ShapeMismatch(`cannot multiply [${shape}] by [${k},${n}]`);
  return [{ dtype, shape: shape.with(-1, n) }];
};

/** Values of fewer than eight bits are packed along the last axis. */
const gatherBlockQuantized: InferenceRule = ({ node, input }) => {
  const [data, indices, scales] = [input(0), input(1), input(2)];
  const axis = intAttribute(node, 'gather_axis', 0);
  const from = axis < 0 ? axis + data.shape.length : axis;
  const perByte = data.dtype === 'uint8' ? 8 / intAttribute(node, 'bits', 4) : 1;
  const full = data.shape.with(-1, (data.shape.at(-1) ?? 0) * perByte);
  if (elementCount(scales.shape) === 0) throw new ShapeMismatch('no scales');
  const shape = [...full.slice(0, from), ...indices.shape, ...full.slice(from + 1)];
  return [{ dtype: scales.dtype, shape }];
};

export const quantizedInference = {
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.MatMulNBits': matMulNBits,
} satisfies Record<string, InferenceRule>;
