export {
  buildSensitivityGraph,
  type DifferentiableModel,
  type SensitivityGraph,
  type SensitivityOptions,
  type SensitivityParameter,
} from './build-sensitivity-graph.js';
export {
  buildDamageGraph,
  type ComparedHeads,
  DAMAGE_COLUMNS,
} from './damage/damage-graph.js';
export { buildForwardSegments, type ForwardSegment } from './damage/forward-segments.js';
export { buildReferenceGraph, REFERENCE_COLUMNS } from './damage/reference-graph.js';
export { damageOfToken, type ExampleDamage } from './damage/token-damage.js';
export { findVocabularyHead, type VocabularyHead } from './damage/vocabulary-head.js';
export { decomposeModel } from './decompose-model.js';
export {
  type FormatError,
  formatError,
  formatErrorValues,
  jointFormatError,
} from './formats/format-error.js';
export { GroupProducts } from './formats/group-products.js';
export {
  type ErrorSums,
  newErrorSums,
  newWeightSums,
  type Rows,
  sumErrors,
  sumWeights,
  type WeightSums,
} from './formats/row-sums.js';
export { type Magnitude, measureMagnitude, summarizeMagnitude } from './magnitude.js';
export type { MarginalOutputs } from './per-example/marginal-outputs.js';
export type { RoutedTokensOutput } from './per-example/routed-tokens.js';
export type { NormPath } from './per-example/statistic-context.js';
export { buildSegments, type SegmentGraphs } from './segments/build-segments.js';
