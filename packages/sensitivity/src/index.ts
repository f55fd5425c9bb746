export {
  buildSensitivityGraph,
  type DifferentiableModel,
  type SensitivityGraph,
  type SensitivityOptions,
  type SensitivityParameter,
} from './build-sensitivity-graph.js';
export { decomposeModel } from './decompose-model.js';
export { type Magnitude, measureMagnitude, summarizeMagnitude } from './magnitude.js';
export type { NormPath } from './per-example/gradient-squared-norm.js';
export type { RoutedTokensOutput } from './per-example/routed-tokens.js';
export { buildSegments, type SegmentGraphs } from './segments/build-segments.js';
