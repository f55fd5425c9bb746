export {
  buildSensitivityGraph,
  type DifferentiableModel,
  type SensitivityGraph,
  type SensitivityOptions,
  type SensitivityParameter,
} from './build-sensitivity-graph.js';
export { decomposeModel } from './decompose-model.js';
export { definitionOf, methodVersions } from './definitions.js';
export {
  type BatchStatistics,
  type ExampleStatistics,
  FisherAccumulator,
} from './fisher-accumulator.js';
export { labelUniforms } from './label-uniforms.js';
export { type Magnitude, measureMagnitude, summarizeMagnitude } from './magnitude.js';
export { maskedPositions } from './masked-positions.js';
export type { NormPath } from './per-example/gradient-squared-norm.js';
export type { RoutedTokensOutput } from './per-example/routed-tokens.js';
export { rankBy } from './rank-by.js';
export { buildSegments, type SegmentGraphs } from './segments/build-segments.js';
export { meanOverDraws } from './statistics/mean-over-draws.js';
export { type Moments, moments } from './statistics/moments.js';
export { roundEnds } from './statistics/round-ends.js';
export { STANDARD_TOP_K, type TopKStability, topKStability } from './statistics/top-k-stability.js';
export { type FisherSummary, stabilityOf, summarizeFisher } from './summarize-fisher.js';
