import { intAttribute } from '../graph/graph.js';
import type { InferenceRule } from './inference-rule.js';

export const countingInference = {
  ConstantOfShape: ({ node, constant }) => {
    const value = node.attributes.value;
    const dtype = value?.type === 'tensor' ? value.value.dtype : 'float32';
    return [{ dtype, shape: constant(0) }];
  },

  Range: ({ input, constant }) => {
    const [start, limit, step] = [constant(0)[0] ?? 0, constant(1)[0] ?? 0, constant(2)[0] ?? 1];
    return [{ dtype: input(0).dtype, shape: [Math.max(0, Math.ceil((limit - start) / step))] }];
  },

  Shape: ({ node, input }) => {
    const rank = input(0).shape.length;
    const start = intAttribute(node, 'start', 0);
    const end = intAttribute(node, 'end', rank);
    return [{ dtype: 'int64', shape: [input(0).shape.slice(start, end).length] }];
  },

  Size: () => [{ dtype: 'int64', shape: [] }],
} satisfies Record<string, InferenceRule>;
