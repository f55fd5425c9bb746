import type { VjpRule } from '../vjp.js';
import { elementwiseRules } from './elementwise.js';
import { linalgRules } from './linalg.js';
import { movementRules } from './movement.js';
import { reductionRules } from './reduction.js';

/** Every differentiation rule, by operator key. */
export const vjpRules = {
  ...elementwiseRules,
  ...linalgRules,
  ...reductionRules,
  ...movementRules,
} satisfies Record<string, VjpRule>;
