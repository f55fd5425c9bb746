import { elementTypeFromOnnxCode } from '../graph/element-type.js';
import { intAttribute } from '../graph/graph.js';
import { type InferenceRule, ShapeMismatch } from './inference-rule.js';
import { same } from './rule-forms.js';
import { broadcastShapes } from './shapes.js';

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

const compare: InferenceRule = (inference) =>
  broadcast(inference).map(({ shape }) => ({ dtype: 'bool', shape }));

export const elementwiseInference = {
  Abs: same,
  Add: broadcast,
  And: compare,

  Cast: ({ node, input }) => {
    const dtype = elementTypeFromOnnxCode(intAttribute(node, 'to', 0));
    if (!dtype) throw new ShapeMismatch('Cast to a type that is not supported');
    return [{ dtype, shape: input(0).shape }];
  },

  Ceil: same,
  Clip: same,
  Cos: same,
  Div: broadcast,
  Equal: compare,
  Exp: same,
  Floor: same,
  Greater: compare,
  GreaterOrEqual: compare,
  Identity: same,
  IsInf: test,
  IsNaN: test,
  Less: compare,
  LessOrEqual: compare,
  Log: same,
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

  Reciprocal: same,
  Round: same,
  Sign: same,
  Sin: same,
  Sqrt: same,
  Sub: broadcast,

  Where: ({ input }) => [
    {
      dtype: input(1).dtype,
      shape: broadcastShapes(input(0).shape, broadcastShapes(input(1).shape, input(2).shape)),
    },
  ],

  Xor: compare,
} satisfies Record<string, InferenceRule>;
