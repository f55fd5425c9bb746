import { int, str } from '@layersense/onnx-ir';
import { type CasesFor, int64, spread } from '../test-support/case-inputs.js';
import type { indexingRules } from './indexing.js';

const add = str('add');

export const indexingCases: CasesFor<typeof indexingRules> = {
  Gather: [
    { inputs: [[4, 4], int64([2, 0, 3, 1])] },
    { inputs: [[4, 4], int64([2, 2, 0])] },
    { inputs: [[5, 3], int64([1, 1, 4, -1, 0, 1], [2, 3])] },
    { inputs: [[5, 3], int64([1], [])] },
    { inputs: [[5, 3], int64([-2], [])], attributes: { axis: int(1) } },
    { inputs: [[2, 5, 3], int64([4, 0, 2])], attributes: { axis: int(1) } },
    { inputs: [[2, 5, 3], int64([1, 2, 3])], attributes: { axis: int(-2) } },
    { inputs: [[2, 5, 3], int64([4, 0, 4, 1], [2, 2])], attributes: { axis: int(1) } },
    { inputs: [[2, 3], int64([1, 1, -1, 2, 0])], attributes: { axis: int(-1) } },
  ],
  GatherElements: [
    { inputs: [[3, 3], int64([0, 1, 2, 0, 0, 2], [2, 3])] },
    { inputs: [[2, 4], int64([3, 3, 0, -1, 1, 1], [2, 3])], attributes: { axis: int(1) } },
    { inputs: [[2, 2, 3], int64([0, 2, 1, 1], [2, 2, 1])], attributes: { axis: int(-1) } },
  ],
  GatherND: [
    { inputs: [[3, 3], int64([0, 1, 2, 2, 0, 1], [3, 2])] },
    { inputs: [[4, 2, 3], int64([3, 0, 3], [3, 1])] },
    { inputs: [[2, 3, 4], int64([2, 0, 0, 2], [2, 2, 1])], attributes: { batch_dims: int(1) } },
    { inputs: [[2, 2, 3], int64([2, 0, 1, 1], [2, 2, 1])], attributes: { batch_dims: int(2) } },
  ],
  ScatterElements: [
    { inputs: [[3, 3], int64([0, 1, 2, 2, 0, 1], [2, 3]), [2, 3]] },
    { inputs: [[2, 5], int64([1, -1, 0, 2], [2, 2]), [2, 2]], attributes: { axis: int(1) } },
    {
      inputs: [[2, 5], int64([1, 1, 0, 0], [2, 2]), [2, 2]],
      attributes: { axis: int(-1), reduction: add },
    },
  ],
  ScatterND: [
    { inputs: [[3, 3], int64([0, 2], [2, 1]), [2, 3]] },
    { inputs: [[2, 4], int64([0, 1, 1, 3], [2, 2]), [2]] },
    { inputs: [[4, 2, 3], int64([3, 3, 0], [3, 1]), [3, 2, 3]], attributes: { reduction: add } },
  ],
  TopK: [
    { inputs: [spread(4, 4), int64([2])], outputs: 2 },
    { inputs: [spread(3, 5, 2), int64([3])], attributes: { axis: int(1) }, outputs: 2 },
  ],
};
