export {
  buildSensitivityGraph,
  type DifferentiableModel,
  type SensitivityGraph,
  type SensitivityOptions,
  type SensitivityParameter,
} from './build-sensitivity-graph.js';
export { definitionOf, methodVersions } from './definitions.js';
export { type BatchStatistics, FisherAccumulator } from './fisher-accumulator.js';
export { labelUniforms } from './label-uniforms.js';
export { type Magnitude, measureMagnitude, summarizeMagnitude } from './magnitude.js';
export { type Moments, moments } from './moments.js';
export type { NormPath } from './per-example/gradient-squared-norm.js';
export { rankBy } from './rank-by.js';
export { summarizeFisher } from './summarize-fisher.js';
