import { elementTypeFromOnnxCode } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import {
  elementCount,
  intAttribute,
  intsAttribute,
  type Node,
  type Value,
} from '../graph/graph.js';
import { fusedInferenceRules } from './attention.js';
import { type InferenceRule, ShapeMismatch, type TensorType } from './inference-rule.js';

export type { TensorType };

/** The type and shape of every output of `node`. @throws GraphError naming the node. */
export function inferOutputs(
  node: Node,
  inputs: readonly (Value | undefined)[],
  constantValues: (name: string) => readonly number[] | undefined,
): readonly TensorType[] {
  const key = operatorKey(node);
  const rule = Object.hasOwn(inferenceRules, key) ? inferenceRules[key] : undefined;
  const fail = (reason: string) => new GraphError(`${key} ${node.name}: ${reason}`);
  if (!rule) throw fail('no shape inference rule for this operator');
  const input = (i: number): TensorType => {
    const value = inputs[i];
    if (!value) throw fail(`input ${i} is missing`);
    return value;
  };
  const constant = (i: number): readonly number[] => {
    const values = constantValues(node.inputs[i] ?? '');
    if (!values) throw fail(`input ${i} must be a constant`);
    return values;
  };
  try {
    return rule({ node, input, constant, has: (i) => inputs[i] !== undefined });
  } catch (error) {
    // A rule that reaches for an axis which an operand of a foreign file does not have.
    if (error instanceof ShapeMismatch || error instanceof RangeError) throw fail(error.message);
    throw error;
  }
}

/** The key of a node in tables by operator: `OpType`, or `domain.OpType` outside the standard domain. */
export function operatorKey(node: Pick<Node, 'opType' | 'domain'>): string {
  return node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
}

/** Whether `inferOutputs` knows the operator. */
export function hasInferenceRule(node: Pick<Node, 'opType' | 'domain'>): boolean {
  return Object.hasOwn(inferenceRules, operatorKey(node));
}

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeMismatch(`cannot broadcast [${a}] with [${b}]`);
    }
    return x === 1 ? y : x;
  });
}

/** `axis` counted from the front; negative axes count from the back, as in ONNX. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (normalized < 0 || normalized >= Math.max(rank, 1)) {
    throw new ShapeMismatch(`axis ${axis} of a tensor of rank ${rank}`);
  }
  return normalized;
}

const same: InferenceRule = ({ input }) => [input(0)];

const broadcast: InferenceRule = ({ input }) => {
  const [a, b] = [input(0), input(1)];
  if (a.dtype !== b.dtype) throw new ShapeMismatch(`${a.dtype} with ${b.dtype}`);
  return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
};

const variadic: InferenceRule = ({ node, input }) => {
  const parts = node.inputs.map((_, i) => input(i));
  const shape = parts.map((part) => part.shape).reduce(broadcastShapes, []);
  return [{ dtype: input(0).dtype, shape }];
};

const test: InferenceRule = ({ input }) => [{ dtype: 'bool', shape: input(0).shape }];

const argReduce: InferenceRule = ({ node, input }) => {
  const { shape } = input(0);
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: keep ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }];
};

const compare: InferenceRule = (inference) =>
  broadcast(inference).map(({ shape }) => ({ dtype: 'bool', shape }));

/** The result, then one statistic or two with 1 for every normalised axis. */
const normalized: InferenceRule = ({ node, input }) => {
  const { dtype, shape } = input(0);
  const axis = normalizeAxis(intAttribute(node, 'axis', -1), shape.length);
  const statistic: TensorType = {
    dtype: dtype === 'float64' ? 'float64' : 'float32',
    shape: shape.map((size, i) => (i < axis ? size : 1)),
  };
  return [{ dtype, shape }, statistic, statistic];
};

/** As above over the last axis, then the sum of the input, the skip and the bias. */
const skipNormalized: InferenceRule = (inference) => [...normalized(inference), inference.input(0)];

const reduce: InferenceRule = ({ node, input, constant, has }) => {
  const { dtype, shape } = input(0);
  const axes = (has(1) ? constant(1) : (intsAttribute(node, 'axes') ?? [])).map((axis) =>
    normalizeAxis(axis, shape.length),
  );
  const all = axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 0;
  const reduced = (axis: number) => all || axes.includes(axis);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  const out = keep
    ? shape.map((size, axis) => (reduced(axis) ? 1 : size))
    : shape.filter((_, axis) => !reduced(axis));
  return [{ dtype, shape: out }];
};

const matMul: InferenceRule = ({ input }) => {
  const [a, b] = [input(0), input(1)];
  return [{ dtype: a.dtype, shape: matMulShape(a.shape, b.shape) }];
};

/** A vector operand counts as a row on the left, as a column on the right, and its axis is dropped. */
function matMulShape(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 1) return matMulShape([1, ...a], b).toSpliced(-2, 1);
  if (b.length === 1) return matMulShape(a, [...b, 1]).slice(0, -1);
  const [m, k] = a.slice(-2);
  const [k2, n] = b.slice(-2);
  if (a.length < 2 || b.length < 2 || m === undefined || n === undefined || k !== k2) {
    throw new ShapeMismatch(`cannot multiply [${a}] by [${b}]`);
  }
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), m, n];
}

const swapTrailing = (shape: readonly number[], swap: boolean): readonly number[] =>
  swap ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;

/** Shape inference by operator, `domain.OpType` outside the standard domain. */
export const inferenceRules: { readonly [op: string]: InferenceRule } = {
  ...fusedInferenceRules,

  Abs: same,
  Add: broadcast,
  And: compare,
  ArgMax: argReduce,
  ArgMin: argReduce,
  Ceil: same,
  Clip: same,
  Cos: same,
  CumSum: same,
  Div: broadcast,
  Equal: compare,
  Erf: same,
  Exp: same,
  Floor: same,
  Gelu: same,
  Greater: compare,
  GreaterOrEqual: compare,
  Identity: same,
  IsInf: test,
  IsNaN: test,
  LayerNormalization: normalized,
  Less: compare,
  LessOrEqual: compare,
  Log: same,
  LogSoftmax: same,
  MatMul: matMul,
  Max: variadic,
  Min: variadic,
  Mod: broadcast,
  Mul: broadcast,
  Neg: same,
  Not: same,
  Or: compare,
  Pow: ({ input }) => [
    { dtype: input(0).dtype, shape: broadcastShapes(input(0).shape, input(1).shape) },
  ],
  RMSNormalization: same,
  Reciprocal: same,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  ReduceSumSquare: reduce,
  Relu: same,
  RotaryEmbedding: same,
  Round: same,
  Sigmoid: same,
  Sign: same,
  SimplifiedLayerNormalization: normalized,
  Sin: same,
  Softmax: same,
  Softplus: same,
  Sqrt: same,
  Sub: broadcast,
  Tanh: same,
  Trilu: same,

  Cast: ({ node, input }) => {
    const dtype = elementTypeFromOnnxCode(intAttribute(node, 'to', 0));
    if (!dtype) throw new ShapeMismatch('Cast to a type that is not supported');
    return [{ dtype, shape: input(0).shape }];
  },

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

  ConstantOfShape: ({ node, constant }) => {
    const value = node.attributes.value;
    const dtype = value?.type === 'tensor' ? value.value.dtype : 'float32';
    return [{ dtype, shape: constant(0) }];
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

  Gemm: ({ node, input }) => {
    const a = swapTrailing(input(0).shape, intAttribute(node, 'transA', 0) === 1);
    const b = swapTrailing(input(1).shape, intAttribute(node, 'transB', 0) === 1);
    return [{ dtype: input(0).dtype, shape: matMulShape(a, b) }];
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

  ReduceLogSumExp: reduce,

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

  ScatterElements: same,
  ScatterND: same,

  Shape: ({ node, input }) => {
    const rank = input(0).shape.length;
    const start = intAttribute(node, 'start', 0);
    const end = intAttribute(node, 'end', rank);
    return [{ dtype: 'int64', shape: [input(0).shape.slice(start, end).length] }];
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

  TopK: ({ node, input, constant }) => {
    const { dtype, shape } = input(0);
    const axis = normalizeAxis(intAttribute(node, 'axis', -1), shape.length);
    const out = shape.with(axis, constant(1)[0] ?? 0);
    return [
      { dtype, shape: out },
      { dtype: 'int64', shape: out },
    ];
  },

  Transpose: ({ node, input }) => {
    const { dtype, shape } = input(0);
    const perm = intsAttribute(node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
    return [{ dtype, shape: perm.map((axis) => shape[axis] ?? 0) }];
  },

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

  Range: ({ input, constant }) => {
    const [start, limit, step] = [constant(0)[0] ?? 0, constant(1)[0] ?? 0, constant(2)[0] ?? 1];
    return [{ dtype: input(0).dtype, shape: [Math.max(0, Math.ceil((limit - start) / step))] }];
  },

  Size: () => [{ dtype: 'int64', shape: [] }],

  Xor: compare,

  Where: ({ input }) => [
    {
      dtype: input(1).dtype,
      shape: broadcastShapes(input(0).shape, broadcastShapes(input(1).shape, input(2).shape)),
    },
  ],

  'com.microsoft.BiasGelu': same,
  'com.microsoft.FastGelu': same,
  'com.microsoft.Gelu': same,
  'com.microsoft.QuickGelu': same,
  'com.microsoft.RotaryEmbedding': same,
  'com.microsoft.SkipLayerNormalization': skipNormalized,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNormalized,

  'com.microsoft.FusedMatMul': ({ node, input }) => {
    const a = swapTrailing(input(0).shape, intAttribute(node, 'transA', 0) === 1);
    const b = swapTrailing(input(1).shape, intAttribute(node, 'transB', 0) === 1);
    return [{ dtype: input(0).dtype, shape: matMulShape(a, b) }];
  },
};

function sliceLength(size: number, start: number, end: number, step: number): number {
  const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  return step > 0
    ? Math.max(0, Math.ceil((clamp(to, 0, size) - clamp(from, 0, size)) / step))
    : Math.max(0, Math.ceil((clamp(to, -1, size - 1) - clamp(from, 0, size - 1)) / step));
}
