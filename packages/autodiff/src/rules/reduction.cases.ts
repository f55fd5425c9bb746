import { type Attributes, int, ints } from '@layersense/onnx-ir';
import type { VjpCase } from '@layersense/testing';
import { type CasesFor, int64, spread } from '../test-support/case-inputs.js';
import type { reductionRules } from './reduction.js';

const normal = (...shape: number[]) => shape;

const axesInput = (sample: typeof spread): readonly VjpCase[] => [
  { inputs: [sample(3, 3), int64([1])], attributes: { keepdims: int(0) } },
  { inputs: [sample(3, 3), int64([0])], attributes: { keepdims: int(0) } },
  { inputs: [sample(2, 3, 4), int64([-1])] },
  { inputs: [sample(2, 3, 4), int64([0, 2])], attributes: { keepdims: int(0) } },
  { inputs: [sample(2, 3, 4), int64([1, 2])] },
  { inputs: [sample(2, 3)], attributes: { keepdims: int(0) } },
  { inputs: [sample(2, 3), int64([])] },
];

const running = (attributes: Attributes): readonly VjpCase[] => [
  { inputs: [[3, 3], int64([0], [])], attributes },
  { inputs: [[2, 3, 4], int64([-2], [])], attributes },
];

/** Until opset 17 these operators read their axes from an attribute. */
const axesAttribute: readonly VjpCase[] = [
  { inputs: [[3, 3]], attributes: { axes: ints([1]), keepdims: int(0) }, opsetVersion: 17 },
  { inputs: [[2, 3, 4]], attributes: { axes: ints([-3, 2]) }, opsetVersion: 17 },
];

export const reductionCases: CasesFor<typeof reductionRules> = {
  ReduceSum: [
    ...axesInput(normal),
    { inputs: [[2, 3], int64([])], attributes: { noop_with_empty_axes: int(1) } },
  ],
  ReduceMean: [...axesInput(normal), ...axesAttribute],
  ReduceSumSquare: [...axesInput(normal), ...axesAttribute],
  ReduceMax: [...axesInput(spread), ...axesAttribute],
  ReduceLogSumExp: [...axesInput(normal), ...axesAttribute],
  CumSum: [
    ...running({}),
    ...running({ exclusive: int(1) }),
    ...running({ reverse: int(1) }),
    ...running({ exclusive: int(1), reverse: int(1) }),
  ],
};
