import { intAttribute, intsAttribute } from '../graph/graph.js';
import type { InferenceRule } from './inference-rule.js';
import { same } from './rule-forms.js';
import { normalizeAxis } from './shapes.js';

const argReduce: InferenceRule = ({ node, input }) => {
  const { shape } = input(0);
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: keep ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }];
};

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

export const reductionInference = {
  ArgMax: argReduce,
  ArgMin: argReduce,
  CumSum: same,
  ReduceLogSumExp: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  ReduceSumSquare: reduce,
} satisfies Record<string, InferenceRule>;
