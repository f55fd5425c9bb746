import { elementCount, intAttribute, intsAttribute } from '../graph/graph.js';
import { normalizeAxis } from '../inference/shapes.js';
import { mapCoordinates, stridesOf } from './coordinates.js';
import type { Kernel } from './kernel.js';

/** Combines the elements along the reduced axes, in row-major order, starting from `initial`. */
function reduce(initial: number, combine: (sum: number, x: number) => number): Kernel {
  return ({ node, input, has, outputs: [output] }) => {
    const { data, shape } = input(0);
    const given = has(1) ? Array.from(input(1).data) : (intsAttribute(node, 'axes') ?? []);
    const axes = given.map((axis) => normalizeAxis(axis, shape.length));
    const all = axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 0;
    const kept = shape.map((size, axis) => (all || axes.includes(axis) ? 1 : size));
    const strides = stridesOf(kept);
    const result = new Array<number>(elementCount(output?.shape ?? [])).fill(initial);
    let position = 0;
    mapCoordinates(shape, (at) => {
      const target = at.reduce(
        (sum, x, axis) => sum + (kept[axis] === 1 ? 0 : x * (strides[axis] ?? 0)),
        0,
      );
      result[target] = combine(result[target] ?? initial, data[position++] ?? 0);
      return 0;
    });
    return [result];
  };
}

/** Running sums along one axis: the position ids of exporters that count the attention mask. */
const cumSum: Kernel = ({ node, input, outputs: [output] }) => {
  const { data, shape } = input(0);
  const axis = normalizeAxis(input(1).data[0] ?? 0, shape.length);
  const stride = stridesOf(shape)[axis] ?? 1;
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0));
  const size = shape[axis] ?? 0;
  let position = 0;
  const values = mapCoordinates(output?.shape ?? [], (at) => {
    const here = at[axis] ?? 0;
    const start = position++ - here * stride;
    const [from, to] = reverse ? [here + (exclusive ?? 0), size] : [0, here + 1 - (exclusive ?? 0)];
    let sum = 0;
    for (let i = from; i < to; i++) sum += data[start + i * stride] ?? 0;
    return sum;
  });
  return [values];
};

export const countingKernels = {
  ConstantOfShape: ({ node, outputs: [output] }) => {
    const { value } = node.attributes;
    const fill = value?.type === 'tensor' ? (value.value.data[0] ?? 0) : 0;
    return [new Array<number>(elementCount(output?.shape ?? [])).fill(fill)];
  },
  CumSum: cumSum,
  Range: ({ input, outputs: [output] }) => {
    const [start = 0] = input(0).data;
    const [step = 1] = input(2).data;
    return [Array.from({ length: output?.shape[0] ?? 0 }, (_, i) => start + i * step)];
  },
  ReduceMax: reduce(-Infinity, Math.max),
  ReduceMin: reduce(Infinity, Math.min),
  ReduceProd: reduce(1, (product, x) => product * x),
  ReduceSum: reduce(0, (sum, x) => sum + x),
} satisfies Record<string, Kernel>;
