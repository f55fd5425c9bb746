import {
  type GraphBuilder,
  int,
  intAttribute,
  intsAttribute,
  normalizeAxis,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { VjpRule } from '../vjp.js';
import { pad, placeAlongAxis } from './place-along-axis.js';
import { firstInput, zeros } from './rule-forms.js';

/** Y = X in another shape  ⇒  dX = dY in the shape of X */
const reshaped = firstInput((node, dy, g) => g.reshape(dy, node.input(0).shape));

/** Y = [X₁ | … | Xₙ]  ⇒  dXᵢ = the part of dY where Xᵢ lies */
const concat: VjpRule = (node, [dy], g) => {
  if (!dy) return node.inputs.map(() => undefined);
  const axis = normalizeAxis(intAttribute(node.node, 'axis', 0), dy.shape.length);
  const sizes = node.inputs.map((_, i) => node.input(i).shape[axis] ?? 0);
  const needed = sizes.flatMap((_, i) => (node.needs(i) ? [i] : []));
  const [only] = needed;
  if (needed.length === 1 && only !== undefined) {
    const start = sum(sizes.slice(0, only));
    const part = slice(g, dy, [axis], [start], [start + (sizes[only] ?? 0)]);
    return node.inputs.map((_, i) => (i === only ? part : undefined));
  }
  const parts = g.ops(
    'Split',
    [dy, g.int64(sizes)],
    { axis: int(axis) },
    { outputs: sizes.length },
  );
  return parts;
};

/** [Y₁ | … | Yₙ] = X  ⇒  dX = [dY₁ | … | dYₙ], zero where an output carries no cotangent */
const split: VjpRule = (node, cotangents, g) => {
  const x = node.input(0);
  const axis = normalizeAxis(intAttribute(node.node, 'axis', 0), x.shape.length);
  const sizes = node.outputs.map(({ shape }) => shape[axis] ?? 0);
  const first = cotangents.findIndex((dy) => dy !== undefined);
  const end = cotangents.findLastIndex((dy) => dy !== undefined) + 1;
  const parts = node.outputs
    .map((output, i) => cotangents[i] ?? (i > first && i < end ? zeros(g, output) : undefined))
    .filter((part) => part !== undefined);
  const [single] = parts;
  const joined = parts.length === 1 && single ? single : g.op('Concat', parts, { axis: int(axis) });
  const dx = pad(g, joined, [axis], [sum(sizes.slice(0, first))], [sum(sizes.slice(end))]);
  return node.inputs.map((_, i) => (i === 0 ? dx : undefined));
};

/**
 * Y = X[start:end:step]  ⇒  dX = dY put back where it was taken, zeros elsewhere, axis by axis.
 */
const sliceRule = firstInput((node, dy, g) => {
  const { shape } = node.input(0);
  const starts = node.constant(1);
  const axes = (node.constantOrUndefined(3) ?? starts.map((_, i) => i)).map((axis) =>
    normalizeAxis(axis, shape.length),
  );
  const steps = node.constantOrUndefined(4) ?? starts.map(() => 1);
  return axes.reduce((placed, axis, i) => {
    const size = shape[axis] ?? 0;
    const step = steps[i] ?? 1;
    const start = clampStart(starts[i] ?? 0, size, step);
    const positions = Array.from({ length: dy.shape[axis] ?? 0 }, (_, k) => start + k * step);
    return placeAlongAxis(g, placed, axis, size, positions);
  }, dy);
});

/** Where a slice starts: negative positions count from the end, positions outside are clamped. */
function clampStart(start: number, size: number, step: number): number {
  const position = start < 0 ? start + size : start;
  return Math.min(Math.max(position, 0), step > 0 ? size : size - 1);
}

/** Y = X with constants around it  ⇒  dX = the middle of dY */
const padRule = firstInput((node, dy, g) => {
  const mode = node.node.attributes.mode;
  if (mode?.type === 'string' && mode.value !== 'constant') {
    throw unsupported(node.node, `its mode is ${mode.value}, and only constant has a formula`);
  }
  const { shape } = node.input(0);
  const pads = node.constant(1);
  const axes = (node.constantOrUndefined(3) ?? shape.map((_, axis) => axis)).map((axis) =>
    normalizeAxis(axis, shape.length),
  );
  const before = pads.slice(0, axes.length);
  const after = pads.slice(axes.length);
  // A negative pad cuts X off: its adjoint puts zeros there, which is `Pad` with the signs turned.
  if (pads.some((count) => count < 0))
    return pad(g, dy, axes, before.map(negate), after.map(negate));
  return slice(
    g,
    dy,
    axes,
    before,
    axes.map((axis, i) => (before[i] ?? 0) + (shape[axis] ?? 0)),
  );
});

const negate = (x: number): number => -x;

/** Y = X repeated  ⇒  dX = Σ over the repetitions of dY */
const tile = firstInput((node, dy, g) => {
  const { shape } = node.input(0);
  const repeats = node.constant(1);
  const split = shape.flatMap((size, axis) => {
    const count = repeats[axis] ?? 1;
    return count === 1
      ? [{ size, repeat: false }]
      : [
          { size: count, repeat: true },
          { size, repeat: false },
        ];
  });
  const axes = split.flatMap(({ repeat }, axis) => (repeat ? [axis] : []));
  if (axes.length === 0) return dy;
  return g.reduceSum(
    g.reshape(
      dy,
      split.map(({ size }) => size),
    ),
    axes,
  );
});

function slice(
  g: GraphBuilder,
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
): Value {
  return g.op('Slice', [x, g.int64(starts), g.int64(ends), g.int64(axes)]);
}

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);

export const movementRules = {
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Flatten: reshaped,

  /** Y = X with axes permuted by π  ⇒  dX = dY permuted by π⁻¹ */
  Transpose: firstInput((node, dy, g) => {
    const perm = intsAttribute(node.node, 'perm') ?? dy.shape.map((_, i) => i).reverse();
    return g.transpose(
      dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    );
  }),

  /** Y = X broadcast to a shape  ⇒  dX = dY summed back to the shape of X */
  Expand: firstInput((node, dy, g) => g.sumTo(dy, node.input(0).shape)),

  Concat: concat,
  Split: split,
  Slice: sliceRule,
  Pad: padRule,
  Tile: tile,

  /** Y = the upper or lower triangle of X  ⇒  dX = the same triangle of dY */
  Trilu: firstInput((node, dy, g) =>
    g.op('Trilu', [dy, ...node.inputs.slice(1)], node.node.attributes),
  ),
} satisfies Record<string, VjpRule>;
