import { float, int } from '@layersense/onnx-ir';
import type { VjpCase } from '@layersense/testing';
import { type CasesFor, float64 } from '../test-support/case-inputs.js';
import type { normalizationRules } from './normalization.js';

const anyAxis: readonly VjpCase[] = [
  { inputs: [[3, 3]] },
  { inputs: [[2, 5]] },
  { inputs: [[2, 3, 4]], attributes: { axis: int(1) } },
  { inputs: [[2, 3, 4]], attributes: { axis: int(-3) } },
  { inputs: [[2, 2, 3, 4]], attributes: { axis: int(3) } },
];

export const normalizationCases: CasesFor<typeof normalizationRules> = {
  Softmax: anyAxis,
  LogSoftmax: anyAxis,
  SimplifiedLayerNormalization: [
    { inputs: [[3, 3], [3]] },
    { inputs: [[2, 3, 5], [5]], attributes: { epsilon: float(0.5) } },
    { inputs: [[2, 3, 5], float64([1, 1, 1, 1, 1], [5])], attributes: { epsilon: float(0.5) } },
    {
      inputs: [
        [2, 3, 5],
        [3, 5],
      ],
      attributes: { axis: int(1), epsilon: float(0.01) },
    },
  ],
};
