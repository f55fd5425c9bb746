import { int, ints, str } from '@layersense/onnx-ir';
import { type CasesFor, float64, int64 } from '../test-support/case-inputs.js';
import type { movementRules } from './movement.js';

export const movementCases: CasesFor<typeof movementRules> = {
  Reshape: [
    { inputs: [[3, 3], int64([9])] },
    { inputs: [[2, 3, 4], int64([4, -1])] },
    { inputs: [[2, 3, 4], int64([0, 12])] },
  ],
  Squeeze: [
    { inputs: [[3, 1, 1], int64([1])] },
    { inputs: [[1, 3, 3], int64([0])] },
    { inputs: [[1, 3, 1, 4]] },
  ],
  Unsqueeze: [{ inputs: [[3, 3], int64([0])] }, { inputs: [[2, 3], int64([0, -1])] }],
  Flatten: [
    { inputs: [[2, 3, 3]] },
    { inputs: [[2, 3, 4]], attributes: { axis: int(2) } },
    { inputs: [[2, 3, 4]], attributes: { axis: int(-1) } },
    { inputs: [[2, 3]], attributes: { axis: int(0) } },
  ],
  Transpose: [
    { inputs: [[3, 3]] },
    { inputs: [[2, 3, 4]] },
    { inputs: [[3, 3, 3]], attributes: { perm: ints([1, 2, 0]) } },
    { inputs: [[2, 3, 4, 5]], attributes: { perm: ints([0, 2, 3, 1]) } },
  ],
  Expand: [
    { inputs: [[3, 3], int64([2, 3, 3])] },
    { inputs: [[2, 1, 4], int64([2, 3, 4])] },
    { inputs: [[3, 1], int64([2, 1, 4])] },
    { inputs: [[], int64([2, 3])] },
  ],
  Concat: [
    {
      inputs: [
        [3, 3],
        [3, 3],
      ],
      attributes: { axis: int(0) },
    },
    {
      inputs: [
        [2, 3],
        [2, 1],
        [2, 4],
      ],
      attributes: { axis: int(-1) },
    },
    {
      inputs: [
        [2, 3, 2],
        [2, 1, 2],
      ],
      attributes: { axis: int(1) },
    },
  ],
  Split: [
    { inputs: [[4, 4], int64([2, 2])], outputs: 2 },
    { inputs: [[2, 6], int64([1, 2, 3])], attributes: { axis: int(1) }, outputs: 3 },
    { inputs: [[2, 7, 2]], attributes: { axis: int(-2), num_outputs: int(3) }, outputs: 3 },
    { inputs: [[2, 6], int64([1, 2, 3])], attributes: { axis: int(1) }, outputs: 3, seeded: [0] },
    { inputs: [[2, 6], int64([1, 2, 3])], attributes: { axis: int(1) }, outputs: 3, seeded: [1] },
    {
      inputs: [[2, 6], int64([1, 2, 3])],
      attributes: { axis: int(1) },
      outputs: 3,
      seeded: [0, 2],
    },
    {
      inputs: [[2, 6], int64([1, 2, 3])],
      attributes: { axis: int(1) },
      outputs: 3,
      seeded: [1, 2],
    },
  ],
  Slice: [
    { inputs: [[4, 4], int64([1]), int64([3])] },
    { inputs: [[2, 6], int64([1]), int64([100]), int64([1])] },
    { inputs: [[3, 4, 5], int64([-3, 1]), int64([-1, 2]), int64([-1, 0])] },
    { inputs: [[4, 7], int64([1]), int64([7]), int64([1]), int64([2])] },
    { inputs: [[4, 7], int64([0, 6]), int64([4, 1]), int64([0, 1]), int64([3, -2])] },
    { inputs: [[5, 2], int64([-1]), int64([-100]), int64([0]), int64([-1])] },
    { inputs: [[3, 3], int64([-100]), int64([100]), int64([0])] },
  ],
  Pad: [
    { inputs: [[3, 3], int64([1, 0, 0, 2])] },
    { inputs: [[2, 3, 4], int64([0, 1, 2, 0, 0, 3]), float64([0.5])] },
    { inputs: [[2, 5], int64([1, 2]), undefined, int64([-1])] },
    { inputs: [[2, 5], int64([0, -1, 1, -2])], attributes: { mode: str('constant') } },
  ],
  Tile: [
    { inputs: [[3, 3], int64([2, 1])] },
    { inputs: [[2, 3, 4], int64([1, 3, 2])] },
    { inputs: [[2, 3], int64([1, 1])] },
  ],
  Trilu: [
    { inputs: [[4, 4]] },
    { inputs: [[2, 3, 5]], attributes: { upper: int(0) } },
    { inputs: [[3, 5], int64([1], [])] },
    { inputs: [[3, 5], int64([-1], [])], attributes: { upper: int(0) } },
  ],
};
