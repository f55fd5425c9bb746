import { type Attributes, float, int } from '@layersense/onnx-ir';
import type { VjpCase } from '@layersense/testing';
import type { CasesFor } from '../test-support/case-inputs.js';
import type { linalgRules } from './linalg.js';

const BOTH = [0, 1];

/** [M, K] or, transposed, [K, M], after the batch axes. */
const operand = (batch: readonly number[], rows: number, columns: number, swapped: number) => [
  ...batch,
  ...(swapped === 1 ? [columns, rows] : [rows, columns]),
];

/** Every combination of the two transposes, for the given sizes. */
function transposes(
  [m, k, n]: readonly [number, number, number],
  extra: Attributes,
  batches: readonly [readonly number[], readonly number[]] = [[], []],
): { readonly inputs: readonly (readonly number[])[]; readonly attributes: Attributes }[] {
  return BOTH.flatMap((transA) =>
    BOTH.map((transB) => ({
      inputs: [operand(batches[0], m, k, transA), operand(batches[1], k, n, transB)],
      attributes: { ...extra, transA: int(transA), transB: int(transB) },
    })),
  );
}

const gemmCases: readonly VjpCase[] = [
  ...transposes([3, 3, 3], {}),
  ...transposes([2, 3, 4], { alpha: float(0.5) }),
  ...transposes([2, 3, 4], { alpha: float(0.5), beta: float(2) }).map((gemm) => ({
    ...gemm,
    inputs: [...gemm.inputs, [4]],
  })),
  {
    inputs: [
      [2, 3],
      [3, 4],
      [2, 1],
    ],
  },
  { inputs: [[2, 3], [3, 4], []] },
  {
    inputs: [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    attributes: { beta: float(-1) },
  },
];

const fused = { domain: 'com.microsoft' };

export const linalgCases: CasesFor<typeof linalgRules> = {
  MatMul: [
    {
      inputs: [
        [3, 3],
        [3, 3],
      ],
    },
    {
      inputs: [
        [2, 3],
        [3, 4],
      ],
    },
    {
      inputs: [
        [2, 3, 4],
        [4, 5],
      ],
    },
    {
      inputs: [
        [2, 3, 4, 5],
        [5, 2],
      ],
    },
    {
      inputs: [
        [3, 4],
        [2, 4, 5],
      ],
    },
    {
      inputs: [
        [2, 3, 4],
        [2, 4, 5],
      ],
    },
    {
      inputs: [
        [2, 1, 3, 4],
        [5, 4, 2],
      ],
    },
    {
      inputs: [
        [1, 3, 4],
        [2, 4, 2],
      ],
    },
    { inputs: [[4], [4]] },
    { inputs: [[4], [4, 3]] },
    { inputs: [[2, 3, 4], [4]] },
    { inputs: [[4], [2, 4, 3]] },
  ],
  Gemm: gemmCases,
  'com.microsoft.FusedMatMul': [
    ...transposes([3, 3, 3], {}),
    ...transposes([2, 3, 4], { alpha: float(0.5) }),
    ...transposes([2, 3, 4], { alpha: float(0.5) }, [[2], [2]]),
    ...transposes([2, 3, 4], {}, [[3, 2], []]),
    ...transposes([2, 3, 4], {}, [[2, 1], [3]]),
  ].map((vjpCase) => ({ ...vjpCase, ...fused })),
};
