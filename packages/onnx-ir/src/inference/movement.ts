import { elementCount, intAttribute, intsAttribute } from '../graph/graph.js';
import { type InferenceRule, ShapeMismatch } from './inference-rule.js';
import { same } from './rule-forms.js';
import { broadcastShapes, normalizeAxis } from './shapes.js';

function sliceLength(size: number, start: number, end: number, step: number): number {
  const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  return step > 0
    ? Math.max(0, Math.ceil((clamp(to, 0, size) - clamp(from, 0, size)) / step))
    : Math.max(0, Math.ceil((clamp(to, -1, size - 1) - clamp(from, 0, size - 1)) / step));
}

export const movementInference = {
  Concat: ({ node, input }) => {
    const parts = node.inputs.map((_, i) => input(i));
    const { dtype, shape } = input(0);
    const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length);
    for (const part of parts) {
      if (part.shape.some((size, i) => i !== axis && size !== shape[i])) {
        throw new ShapeMismatch(`cannot concatenate [${shape}] and [${part.shape}] on ${axis}`);
      }
    }
    const total = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
    return [{ dtype, shape: shape.with(axis, total) }];
  },

  Expand: ({ input, constant }) => [
    { dtype: input(0).dtype, shape: broadcastShapes(input(0).shape, constant(1)) },
  ],

  Flatten: ({ node, input }) => {
    const { dtype, shape } = input(0);
    const attribute = intAttribute(node, 'axis', 1);
    // Unlike elsewhere, axis = rank is legal: everything goes to the first dimension.
    const axis = attribute === shape.length ? attribute : normalizeAxis(attribute, shape.length);
    return [
      { dtype, shape: [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))] },
    ];
  },

  Pad: ({ input, constant, has }) => {
    const { dtype, shape } = input(0);
    const pads = constant(1);
    const axes = has(3) ? constant(3) : shape.map((_, axis) => axis);
    const out = [...shape];
    axes.forEach((axis, i) => {
      const at = normalizeAxis(axis, shape.length);
      out[at] = (shape[at] ?? 0) + (pads[i] ?? 0) + (pads[i + axes.length] ?? 0);
    });
    return [{ dtype, shape: out }];
  },

  Reshape: ({ input, constant }) => {
    const { dtype, shape } = input(0);
    const requested = constant(1).map((size, i) => (size === 0 ? (shape[i] ?? 0) : size));
    const known = requested.reduce((product, size) => (size === -1 ? product : product * size), 1);
    const out = requested.map((size) => (size === -1 ? elementCount(shape) / known : size));
    if (elementCount(out) !== elementCount(shape)) {
      throw new ShapeMismatch(`cannot reshape [${shape}] to [${requested}]`);
    }
    return [{ dtype, shape: out }];
  },

  Slice: ({ input, constant, has }) => {
    const { dtype, shape } = input(0);
    const [starts, ends] = [constant(1), constant(2)];
    const axes = has(3) ? constant(3) : starts.map((_, i) => i);
    const steps = has(4) ? constant(4) : starts.map(() => 1);
    const out = [...shape];
    axes.forEach((axis, i) => {
      const at = normalizeAxis(axis, shape.length);
      out[at] = sliceLength(shape[at] ?? 0, starts[i] ?? 0, ends[i] ?? 0, steps[i] ?? 1);
    });
    return [{ dtype, shape: out }];
  },

  Split: ({ node, input, constant, has }) => {
    const { dtype, shape } = input(0);
    const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length);
    const size = shape[axis] ?? 0;
    const parts = node.outputs.length;
    const chunk = Math.ceil(size / parts);
    const sizes = has(1)
      ? constant(1)
      : node.outputs.map((_, i) => Math.min(chunk, size - i * chunk));
    if (sizes.reduce((sum, part) => sum + part, 0) !== size) {
      throw new ShapeMismatch(`cannot split ${size} into [${sizes}]`);
    }
    return sizes.map((part) => ({ dtype, shape: shape.with(axis, part) }));
  },

  Squeeze: ({ input, constant, has }) => {
    const { dtype, shape } = input(0);
    const axes = has(1)
      ? constant(1).map((axis) => normalizeAxis(axis, shape.length))
      : shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
    return [{ dtype, shape: shape.filter((_, axis) => !axes.includes(axis)) }];
  },

  Tile: ({ input, constant }) => {
    const { dtype, shape } = input(0);
    const repeats = constant(1);
    if (repeats.length !== shape.length) {
      throw new ShapeMismatch(`${repeats.length} repeats for a tensor of rank ${shape.length}`);
    }
    return [{ dtype, shape: shape.map((size, axis) => size * (repeats[axis] ?? 1)) }];
  },

  Transpose: ({ node, input }) => {
    const { dtype, shape } = input(0);
    const perm = intsAttribute(node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
    return [{ dtype, shape: perm.map((axis) => shape[axis] ?? 0) }];
  },

  Trilu: same,

  Unsqueeze: ({ input, constant }) => {
    const { dtype, shape } = input(0);
    const axes = constant(1);
    const rank = shape.length + axes.length;
    const inserted = axes.map((axis) => normalizeAxis(axis, rank));
    const rest = [...shape];
    return [
      {
        dtype,
        shape: Array.from({ length: rank }, (_, axis) =>
          inserted.includes(axis) ? 1 : (rest.shift() ?? 0),
        ),
      },
    ];
  },
} satisfies Record<string, InferenceRule>;
