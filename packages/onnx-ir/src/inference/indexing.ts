import { intAttribute } from '../graph/graph.js';
import { type InferenceRule, ShapeMismatch } from './inference-rule.js';
import { same } from './rule-forms.js';
import { normalizeAxis } from './shapes.js';

export const indexingInference = {
  Gather: ({ node, input }) => {
    const [data, indices] = [input(0), input(1)];
    const axis = normalizeAxis(intAttribute(node, 'axis', 0), data.shape.length);
    return [
      {
        dtype: data.dtype,
        shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)],
      },
    ];
  },

  GatherElements: ({ input }) => [{ dtype: input(0).dtype, shape: input(1).shape }],

  GatherND: ({ node, input }) => {
    const [data, indices] = [input(0), input(1)];
    const batch = intAttribute(node, 'batch_dims', 0);
    const depth = indices.shape.at(-1) ?? 0;
    if (batch + depth > data.shape.length) {
      throw new ShapeMismatch(`indices of depth ${depth} into [${data.shape}]`);
    }
    const shape = [...indices.shape.slice(0, -1), ...data.shape.slice(batch + depth)];
    return [{ dtype: data.dtype, shape }];
  },

  ScatterElements: same,
  ScatterND: same,

  TopK: ({ node, input, constant }) => {
    const { dtype, shape } = input(0);
    const axis = normalizeAxis(intAttribute(node, 'axis', -1), shape.length);
    const out = shape.with(axis, constant(1)[0] ?? 0);
    return [
      { dtype, shape: out },
      { dtype: 'int64', shape: out },
    ];
  },
} satisfies Record<string, InferenceRule>;
