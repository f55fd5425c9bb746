/**
 * What is done with every operator, for the page of the documentation that lists them:
 * docs/reference/supported-ops.md.
 */
export { decompositions } from './decompositions/index.js';
export { nonDifferentiable } from './non-differentiable.js';
export { activationRules } from './rules/activation.js';
export { elementwiseRules } from './rules/elementwise.js';
export { vjpRules } from './rules/index.js';
export { indexingRules } from './rules/indexing.js';
export { linalgRules } from './rules/linalg.js';
export { movementRules } from './rules/movement.js';
export { normalizationRules } from './rules/normalization.js';
export { reductionRules } from './rules/reduction.js';
