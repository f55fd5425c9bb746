export { assertPerExample } from './assert-per-example.js';
export { packBatch, unpackBatch } from './checkpoint-values.js';
export { engine } from './engine.js';
export { mergeReports } from './merge-reports.js';
export { partialScores } from './partial-scores.js';
export { basisDifference, basisOfJob, basisOfRun, type RunBasis } from './run-basis.js';
export { mergedIdentity, runIdentity } from './run-identity.js';
