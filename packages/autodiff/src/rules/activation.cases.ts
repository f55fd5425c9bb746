import type { VjpCase } from '@layersense/testing';
import { type CasesFor, spread } from '../test-support/case-inputs.js';
import type { activationRules } from './activation.js';

const smooth: readonly VjpCase[] = [
  { inputs: [[3, 3]] },
  { inputs: [[2, 3, 4]] },
  { inputs: [[]] },
];

/**
 * Erf has no float64 kernel. The inner product averages float32 rounding and the truncation of a
 * wide step over many elements.
 */
const inTheMean = { dtype: 'float32', epsilon: 1e-2, tolerance: 3e-6 } as const;

export const activationCases: CasesFor<typeof activationRules> = {
  Erf: [
    { inputs: [[64, 64]], ...inTheMean },
    { inputs: [[4, 32, 48]], ...inTheMean },
  ],
  Tanh: smooth,
  Sigmoid: smooth,
  Relu: [{ inputs: [spread(3, 3)] }, { inputs: [spread(2, 3, 4)] }],
  Softplus: smooth,
};
