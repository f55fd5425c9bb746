import { GraphError } from '../graph/errors.js';
import { elementCount, type InlineTensor, intAttribute, intsAttribute } from '../graph/graph.js';
import { normalizeAxis } from '../inference/shapes.js';
import { broadcastOffset, mapCoordinates, stridesOf } from './coordinates.js';
import type { Kernel, KernelArguments } from './kernel.js';

const dot = (coordinates: readonly number[], strides: readonly number[]): number =>
  coordinates.reduce((sum, x, axis) => sum + x * (strides[axis] ?? 0), 0);

/** Every output element is the input element at the coordinates that `from` gives. */
function pick(
  { data, shape }: InlineTensor,
  output: readonly number[],
  from: (coordinates: readonly number[]) => readonly number[],
): number[] {
  const strides = stridesOf(shape);
  return mapCoordinates(output, (coordinates) => data[dot(from(coordinates), strides)] ?? 0);
}

/** The same elements in the same order under another shape. */
const relabel: Kernel = ({ input }) => [input(0).data];

const shapeOf = ({ outputs: [output] }: KernelArguments): readonly number[] => output?.shape ?? [];

const fromEnd = (index: number, size: number): number => (index < 0 ? index + size : index);

/** An index of an axis of `size`, counted from the front. @throws GraphError when it is outside. */
function positionOf(index: number, size: number): number {
  const position = fromEnd(index, size);
  if (position >= 0 && position < size) return position;
  throw new GraphError(`index ${index} of an axis of ${size}`);
}

const concat: Kernel = (args) => {
  const { node, input } = args;
  const parts = node.inputs.map((_, i) => input(i));
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), input(0).shape.length);
  // An empty cache may be of any width.
  const outer = elementCount(shapeOf(args)) === 0 ? 0 : elementCount(shapeOf(args).slice(0, axis));
  const result: number[] = [];
  for (let i = 0; i < outer; i++) {
    for (const { data, shape } of parts) {
      const run = elementCount(shape.slice(axis));
      for (let j = i * run; j < (i + 1) * run; j++) result.push(data[j] ?? 0);
    }
  }
  return [result];
};

const expand: Kernel = (args) => {
  const { data, shape } = args.input(0);
  const strides = stridesOf(shape);
  return [mapCoordinates(shapeOf(args), (at) => data[broadcastOffset(shape, strides, at)] ?? 0)];
};

const gather: Kernel = (args) => {
  const { node, input } = args;
  const [data, indices] = [input(0), input(1)];
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), data.shape.length);
  const size = data.shape[axis] ?? 0;
  const strides = stridesOf(indices.shape);
  const depth = indices.shape.length;
  return [
    pick(data, shapeOf(args), (at) => {
      const index = indices.data[dot(at.slice(axis, axis + depth), strides)] ?? 0;
      return [...at.slice(0, axis), positionOf(index, size), ...at.slice(axis + depth)];
    }),
  ];
};

const gatherND: Kernel = (args) => {
  const [data, indices] = [args.input(0), args.input(1)];
  const batch = intAttribute(args.node, 'batch_dims', 0);
  const depth = indices.shape.at(-1) ?? 0;
  const lead = indices.shape.length - 1;
  const strides = stridesOf(indices.shape);
  return [
    pick(data, shapeOf(args), (at) => {
      const start = dot(at.slice(0, lead), strides);
      const tuple = Array.from({ length: depth }, (_, i) =>
        positionOf(indices.data[start + i] ?? 0, data.shape[batch + i] ?? 0),
      );
      return [...at.slice(0, batch), ...tuple, ...at.slice(lead)];
    }),
  ];
};

const slice: Kernel = (args) => {
  const { input, has } = args;
  const { shape } = input(0);
  const starts = Array.from(input(1).data);
  const axes = has(3) ? Array.from(input(3).data) : starts.map((_, i) => i);
  const steps = has(4) ? Array.from(input(4).data) : starts.map(() => 1);
  const from = shape.map(() => 0);
  const by = shape.map(() => 1);
  axes.forEach((axis, i) => {
    const at = normalizeAxis(axis, shape.length);
    const size = shape[at] ?? 0;
    const step = steps[i] ?? 1;
    const start = fromEnd(starts[i] ?? 0, size);
    from[at] = Math.min(Math.max(start, 0), step > 0 ? size : size - 1);
    by[at] = step;
  });
  return [
    pick(input(0), shapeOf(args), (at) =>
      at.map((x, axis) => (from[axis] ?? 0) + x * (by[axis] ?? 1)),
    ),
  ];
};

const split: Kernel = ({ node, input, outputs }) => {
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), input(0).shape.length);
  let start = 0;
  return outputs.map(({ shape }) => {
    const from = start;
    start += shape[axis] ?? 0;
    return pick(input(0), shape, (at) => at.with(axis, (at[axis] ?? 0) + from));
  });
};

const tile: Kernel = (args) => {
  const { shape } = args.input(0);
  return [pick(args.input(0), shapeOf(args), (at) => at.map((x, axis) => x % (shape[axis] ?? 1)))];
};

const transpose: Kernel = (args) => {
  const { shape } = args.input(0);
  const perm = intsAttribute(args.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  return [
    pick(args.input(0), shapeOf(args), (at) => shape.map((_, i) => at[perm.indexOf(i)] ?? 0)),
  ];
};

/** Keeps the upper (default) or lower triangle of every trailing matrix. */
const trilu: Kernel = (args) => {
  const { data } = args.input(0);
  const k = args.has(1) ? (args.input(1).data[0] ?? 0) : 0;
  const upper = intAttribute(args.node, 'upper', 1) === 1;
  let position = 0;
  return [
    mapCoordinates(shapeOf(args), (at) => {
      const [row = 0, column = 0] = at.slice(-2);
      const value = data[position++] ?? 0;
      const kept = upper ? column - row >= k : column - row <= k;
      return kept ? value : 0;
    }),
  ];
};

export const movementKernels = {
  Concat: concat,
  Expand: expand,
  Flatten: relabel,
  Gather: gather,
  GatherND: gatherND,
  Identity: relabel,
  Reshape: relabel,
  Slice: slice,
  Split: split,
  Squeeze: relabel,
  Tile: tile,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: relabel,
} satisfies Record<string, Kernel>;
