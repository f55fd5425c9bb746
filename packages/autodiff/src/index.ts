export { assertDifferentiable } from './coverage.js';
export { type DecomposedGraph, decompose } from './decompose.js';
export { dequantizedWeightName } from './decompositions/quantized.js';
export { buildPullback } from './pullback.js';
export type { Cotangents, NodeView, VjpRule, VjpRules } from './vjp.js';
