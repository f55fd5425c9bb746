import {
  elementCount,
  type GraphBuilder,
  int,
  intAttribute,
  normalizeAxis,
  str,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { NodeView, VjpRule } from '../vjp.js';
import { placeAlongAxis } from './place-along-axis.js';
import { firstInput, zeros } from './rule-forms.js';

/** Y = X[indices]  ⇒  dX = zeros with dY added at the indices */
const gather = firstInput((node, dy, g) => {
  const { shape } = node.input(0);
  const axis = normalizeAxis(intAttribute(node.node, 'axis', 0), shape.length);
  const positions = distinctPositions(node, shape[axis] ?? 0);
  return positions
    ? placeAlongAxis(g, flattenIndices(g, node, dy, axis), axis, shape[axis] ?? 0, positions)
    : gatherAdjoint(g, node, dy, axis);
});

/** Constant indices counted from the front, when no two of them are equal. */
function distinctPositions(node: NodeView, size: number): readonly number[] | undefined {
  const positions = node.constantOrUndefined(1)?.map((i) => (i < 0 ? i + size : i));
  return positions && new Set(positions).size === positions.length ? positions : undefined;
}

/** dY with the axes of the indices folded into one. */
function flattenIndices(g: GraphBuilder, node: NodeView, dy: Value, axis: number): Value {
  const { shape } = node.input(0);
  const count = elementCount(node.input(1).shape);
  return g.reshape(dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]);
}

/** Rows of the first axis are added whole; along another axis every element needs its index. */
function gatherAdjoint(g: GraphBuilder, node: NodeView, dy: Value, axis: number): Value {
  const [x, indices] = [node.input(0), node.input(1)];
  if (axis === 0) {
    return scatterAdd(g, 'ScatterND', x, g.reshape(indices, [...indices.shape, 1]), dy);
  }
  const updates = flattenIndices(g, node, dy, axis);
  const along = updates.shape.map((size, i) => (i === axis ? size : 1));
  const perElement = g.op('Expand', [g.reshape(indices, along), g.int64(updates.shape)]);
  return scatterAdd(g, 'ScatterElements', x, perElement, updates, axis);
}

/**
 * Zeros like `x` with `updates` added at `indices`, which may repeat. Half-precision types are
 * added in float32: ONNX Runtime has no half-precision kernel for it, and a sum of many small terms
 * would lose them.
 */
function scatterAdd(
  g: GraphBuilder,
  opType: 'ScatterND' | 'ScatterElements',
  x: Value,
  indices: Value,
  updates: Value,
  axis?: number,
): Value {
  const dtype = x.dtype === 'float64' ? 'float64' : 'float32';
  const blank = zeros(g, { dtype, shape: x.shape });
  const at = g.cast(indices, 'int64');
  const sum = g.op(opType, [blank, at, g.cast(updates, dtype)], {
    ...(axis === undefined ? {} : { axis: int(axis) }),
    reduction: str('add'),
  });
  return g.cast(sum, x.dtype);
}

/** Yᵢⱼ = X[indicesᵢⱼ, j] (along axis 0)  ⇒  dX = zeros with dY added at the same elements */
const gatherElements = firstInput((node, dy, g) => {
  const x = node.input(0);
  const axis = normalizeAxis(intAttribute(node.node, 'axis', 0), x.shape.length);
  return scatterAdd(g, 'ScatterElements', x, node.input(1), dy, axis);
});

/** Y = X[index tuples]  ⇒  dX = zeros with dY added at the tuples */
const gatherND = firstInput((node, dy, g) => {
  const batchDims = intAttribute(node.node, 'batch_dims', 0);
  const indices = batchDims === 0 ? node.input(1) : withBatchCoordinates(g, node, batchDims);
  return scatterAdd(g, 'ScatterND', node.input(0), indices, dy);
});

/** `ScatterND` knows no batch axes, so each tuple is given its coordinates along them. */
function withBatchCoordinates(g: GraphBuilder, node: NodeView, batchDims: number): Value {
  const indices = node.input(1);
  const batch = indices.shape.slice(0, batchDims);
  const inner = indices.shape.slice(batchDims, -1);
  const tuples = Array.from({ length: elementCount(batch) }, (_, flat) => coordinates(flat, batch));
  const table = g.constant({
    dtype: 'int64',
    shape: [...batch, ...inner.map(() => 1), batchDims],
    data: tuples.flat(),
  });
  const spread = g.op('Expand', [table, g.int64([...batch, ...inner, batchDims])]);
  return g.op('Concat', [spread, indices], { axis: int(-1) });
}

function coordinates(flat: number, shape: readonly number[]): readonly number[] {
  return shape.map((size, axis) => {
    const stride = elementCount(shape.slice(axis + 1));
    return Math.floor(flat / stride) % size;
  });
}

type Scatter = 'ScatterElements' | 'ScatterND';

/**
 * Y = X with updates U written at the indices  ⇒  dX = dY, zero where it was overwritten;
 * dU = dY at the indices. When U is added instead: dX = dY, dU the same.
 */
function scatter(opType: Scatter, gatherAt: 'GatherElements' | 'GatherND'): VjpRule {
  return (node, [dy], g) => {
    if (!dy) return [undefined, undefined, undefined];
    const [indices, updates] = [node.input(1), node.input(2)];
    const { attributes } = node.node;
    const reduction = attributes.reduction?.type === 'string' ? attributes.reduction.value : 'none';
    if (reduction !== 'none' && reduction !== 'add') {
      throw unsupported(node.node, `reduction ${reduction} has no formula`);
    }
    const along = attributes.axis ? { axis: attributes.axis } : {};
    const kept = () =>
      reduction === 'add' ? dy : g.op(opType, [dy, indices, zeros(g, updates)], along);
    return [
      node.needs(0) ? kept() : undefined,
      undefined,
      node.needs(2) ? g.op(gatherAt, [dy, indices], along) : undefined,
    ];
  };
}

/** Y, I = the k largest of X and where they were  ⇒  dX = zeros with dY written at I */
const topK: VjpRule = (node, [dy], g) => {
  if (!dy) return [undefined, undefined];
  const axis = int(intAttribute(node.node, 'axis', -1));
  const dx = g.op('ScatterElements', [zeros(g, node.input(0)), node.output(1), dy], { axis });
  return [dx, undefined];
};

export const indexingRules = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatter('ScatterElements', 'GatherElements'),
  ScatterND: scatter('ScatterND', 'GatherND'),
  TopK: topK,
} satisfies Record<string, VjpRule>;
