export { assertPerExample } from './assert-per-example.js';
export {
  type ExampleDamage,
  MeasuredDamage,
  type MeasuredMean,
  packDamage,
  unpackDamage,
} from './damage/measured-damage.js';
export { formatTotals, predictedDamage } from './damage/predicted-damage.js';
export {
  type Damage,
  damageWithError,
  type GroupedDamage,
  groupedDamage,
  jointDamage,
} from './damage/priced-damage.js';
export { engine } from './engine.js';
export { isCertainlyOf, isOfSameSubject, isPinned, mayStandFor } from './equal-run.js';
export { type BatchColumns, packBatch, unpackBatch } from './examples/batch-values.js';
export {
  type BatchMarginals,
  type BatchStatistics,
  type ExampleStatistics,
  FisherAccumulator,
} from './examples/fisher-accumulator.js';
export { MarginalSums, withFewerGroups } from './examples/marginal-sums.js';
export { meanOverDraws } from './examples/mean-over-draws.js';
export { stabilityOf, summarizeFisher } from './examples/summarize-fisher.js';
export { withWholeNorms, withZeroNorms } from './examples/whole-norms.js';
export { mergeReports } from './merge-reports.js';
export { partialScores } from './partial-scores.js';
export { basisDifference, basisOfJob, basisOfRun, type RunBasis } from './run-basis.js';
export { mergedIdentity, runIdentity } from './run-identity.js';
