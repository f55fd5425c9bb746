import { float, int, type Value } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { checkVjp, type VjpCase } from '@layersense/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPullback } from '../pullback.js';
import { int64, spread } from '../test-support/case-inputs.js';
import type { VjpRule } from '../vjp.js';
import { vjpRules } from './index.js';
import { elementwise, firstInput, scale, zeros } from './rule-forms.js';

/** A mistake that keeps every shape right, so that only the numbers can give it away. */
interface WrongRule {
  readonly mistake: string;
  readonly op: string;
  readonly rule: VjpRule;
  readonly vjpCase: VjpCase;
}

const square = (...shape: number[]): VjpCase => ({ inputs: [shape] });

const wrongRules: readonly WrongRule[] = [
  {
    mistake: 'softmax without its sum',
    op: 'Softmax',
    rule: firstInput((node, dy, g) => g.mul(dy, node.output(0))),
    vjpCase: square(3, 3),
  },
  {
    mistake: 'softmax summed along another axis',
    op: 'Softmax',
    rule: firstInput((node, dy, g) => {
      const y = node.output(0);
      return g.mul(y, g.sub(dy, g.reduceSum(g.mul(dy, y), [0], true)));
    }),
    vjpCase: square(3, 3),
  },
  {
    mistake: 'operands swapped',
    op: 'MatMul',
    rule: (node, [dy], g) =>
      dy
        ? [g.matMul(g.swapLast(node.input(1)), dy), g.matMul(dy, g.swapLast(node.input(0)))]
        : [undefined, undefined],
    vjpCase: {
      inputs: [
        [3, 3],
        [3, 3],
      ],
    },
  },
  {
    mistake: 'transpose missing',
    op: 'MatMul',
    rule: (node, [dy], g) =>
      dy ? [g.matMul(dy, node.input(1)), g.matMul(node.input(0), dy)] : [undefined, undefined],
    vjpCase: {
      inputs: [
        [3, 3],
        [3, 3],
      ],
    },
  },
  {
    mistake: 'alpha forgotten',
    op: 'Gemm',
    rule: (node, cotangents, g) =>
      vjpRules.Gemm({ ...node, node: { ...node.node, attributes: {} } }, cotangents, g),
    vjpCase: {
      inputs: [
        [3, 3],
        [3, 3],
      ],
      attributes: { alpha: float(0.9) },
    },
  },
  {
    mistake: 'permutation not inverted',
    op: 'Transpose',
    rule: firstInput((_, dy, g) => g.transpose(dy, [1, 2, 0])),
    vjpCase: {
      inputs: [[3, 3, 3]],
      attributes: { perm: { type: 'ints', value: [1, 2, 0] } },
    },
  },
  {
    mistake: 'wrong sign',
    op: 'Sub',
    rule: elementwise(
      ({ dy }) => dy,
      ({ dy }) => dy,
    ),
    vjpCase: {
      inputs: [
        [3, 3],
        [3, 3],
      ],
    },
  },
  {
    mistake: 'derivative of tanh for the logistic function',
    op: 'Sigmoid',
    rule: elementwise(({ g, dy, y }) => g.mul(dy, g.sub(g.scalar(1, y.dtype), g.mul(y, y)))),
    vjpCase: square(3, 3),
  },
  {
    mistake: 'broadcasting undone by a mean',
    op: 'Add',
    rule: elementwise(
      ({ dy }) => dy,
      ({ g, dy, unbroadcast }) => scale(g, unbroadcast(dy), 1 / 2),
    ),
    vjpCase: { inputs: [[2, 3], [3]] },
  },
  {
    mistake: 'mean not divided by the count',
    op: 'ReduceMean',
    rule: vjpRules.ReduceSum,
    vjpCase: { inputs: [[3, 3], int64([1])], attributes: { keepdims: int(0) } },
  },
  {
    mistake: 'gather of repeated indices written instead of added',
    op: 'Gather',
    rule: firstInput((node, dy, g) => {
      const rows = g.reshape(node.input(1), [3, 1]);
      return g.op('ScatterND', [zeros(g, node.input(0)), rows, dy]);
    }),
    vjpCase: { inputs: [[3, 3], int64([1, 1, 0])] },
  },
  {
    mistake: 'overwritten elements keep their cotangent',
    op: 'ScatterND',
    rule: (node, [dy], g) => [dy, undefined, dy && g.op('GatherND', [dy, node.input(1)])],
    vjpCase: { inputs: [[3, 3], int64([0, 2], [2, 1]), [2, 3]] },
  },
  {
    mistake: 'both operands of a maximum take the cotangent',
    op: 'Max',
    rule: elementwise(
      ({ dy }) => dy,
      ({ dy }) => dy,
    ),
    vjpCase: { inputs: [spread(3, 3), spread(3, 3)] },
  },
  {
    mistake: 'running sum not reversed',
    op: 'CumSum',
    rule: firstInput((node, dy, g): Value => g.op('CumSum', [dy, node.input(1)])),
    vjpCase: { inputs: [[3, 3], int64([0], [])] },
  },
  {
    mistake: 'a product derived as if its operands were one',
    op: 'Mul',
    rule: elementwise(
      ({ g, dy, a }) => g.mul(dy, a),
      ({ g, dy, b }) => g.mul(dy, b),
    ),
    vjpCase: {
      inputs: [
        [3, 3],
        [3, 3],
      ],
    },
  },
];

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

it.each(wrongRules)('rejects $op: $mistake', async ({ op, rule, vjpCase }) => {
  const differentiate: typeof buildPullback = (g, seeds, wrt) =>
    buildPullback(g, seeds, wrt, { ...vjpRules, [op]: rule });
  await checkVjp({ compute, differentiate: buildPullback }, op, vjpCase, 1);
  await expect(checkVjp({ compute, differentiate }, op, vjpCase, 1)).rejects.toThrow(
    /differs from central differences.*seed 1/,
  );
});
