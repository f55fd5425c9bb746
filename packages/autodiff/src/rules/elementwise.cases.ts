import { int } from '@layersense/onnx-ir';
import type { VjpCase } from '@layersense/testing';
import {
  bool,
  type CasesFor,
  float64,
  int64,
  positive,
  spread,
} from '../test-support/case-inputs.js';
import type { elementwiseRules } from './elementwise.js';

type Sample = typeof positive;

const unary = (sample: Sample): readonly VjpCase[] => [
  { inputs: [sample(3, 3)] },
  { inputs: [sample(2, 3, 4)] },
  { inputs: [sample()] },
];

/** Square, not square, and broadcast on the right, the left, both sides, inside, and a scalar. */
const binary = (first: Sample, second: Sample = first): readonly VjpCase[] => [
  { inputs: [first(3, 3), second(3, 3)] },
  { inputs: [first(2, 4), second(2, 4)] },
  { inputs: [first(2, 3, 4), second(4)] },
  { inputs: [first(4), second(2, 3, 4)] },
  { inputs: [first(3, 1), second(2, 1, 5)] },
  { inputs: [first(2, 3, 4), second(2, 1, 4)] },
  { inputs: [first(2, 3), second()] },
];

const normal: Sample = (...shape) => shape;
const FLOAT32 = int(1);
const FLOAT64 = int(11);

/** Linear, so a step of 1 has no truncation error; what is left is rounding to float32. */
const casts = { epsilon: 1, tolerance: 1e-6 };

export const elementwiseCases: CasesFor<typeof elementwiseRules> = {
  Add: binary(normal),
  Sub: binary(normal),
  Mul: binary(normal),
  Div: binary(normal, positive),
  Neg: unary(normal),
  Pow: [
    ...[2, 3, 0.5, -1].map((p) => ({ inputs: [positive(3, 3), float64([p])] })),
    { inputs: [[2, 3, 4], float64([2])] },
    { inputs: [[2, 3], float64([3], [1])] },
    { inputs: [positive(2, 3, 4), int64([2, 3, 1, 4])] },
    { inputs: [positive(3, 1), float64([1, 2.5, -2], [3])] },
    ...binary(positive, normal),
  ],
  Sqrt: unary(positive),
  Reciprocal: unary(positive),
  Exp: unary(normal),
  Log: unary(positive),
  Abs: unary(spread),
  Sin: unary(normal),
  Cos: unary(normal),
  Max: [...binary(spread), { inputs: [spread(2, 3), spread(3), spread(2, 1)] }],
  Min: [...binary(spread), { inputs: [spread(2, 3), spread(3), spread(2, 1)] }],
  Clip: [
    { inputs: [spread(3, 3), float64([-0.4]), float64([0.4])] },
    { inputs: [spread(2, 3, 4), undefined, float64([0.6])] },
    { inputs: [spread(2, 5), float64([-0.2])] },
  ],
  Where: [
    { inputs: [bool([1, 0], [3, 3]), [3, 3], [3, 3]] },
    { inputs: [bool([1, 0, 0], [4, 5]), [2, 4, 5], []] },
    { inputs: [bool([1, 0, 1], [2, 1, 3]), [4, 1], [3]] },
  ],
  Identity: unary(normal),
  Cast: [
    { inputs: [[3, 3]], attributes: { to: FLOAT32 }, ...casts },
    { inputs: [[2, 5]], attributes: { to: FLOAT32 }, ...casts },
    { inputs: [[2, 5]], attributes: { to: FLOAT64 }, dtype: 'float32', ...casts },
  ],
};
