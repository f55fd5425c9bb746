export {
  type Batch,
  type CalibrationBatchOptions,
  calibrationBatches,
} from './batches/calibration-batches.js';
export {
  type BatchOptions,
  type BatchShape,
  type PlannedBatch,
  planBatches,
} from './batches/plan-batches.js';
export { type CalibrationExample, type ModelInput, targetCount } from './calibration-example.js';
export {
  type DatasetFormat,
  isNamedDataset,
  type NamedDataset,
  type NamedDatasetName,
  namedDatasets,
} from './datasets/named-datasets.js';
export { type DatasetSource, type RowSupport, readExamples } from './datasets/read-examples.js';
export type { ClassLabels, Targets } from './datasets/targets.js';
export { exampleHash, fingerprint } from './fingerprint.js';
export {
  type CalibrationOptions,
  type CalibrationSet,
  loadCalibrationSet,
  sliceExamples,
} from './load-calibration-set.js';
export type { ChatMessage, RawExample } from './raw-example.js';
export { sampleIndices } from './sample-indices.js';
export { type EncodeOptions, loadTokenizer, type Tokenizer } from './tokenizer/load-tokenizer.js';
export {
  type TokenizerFiles,
  tokenizerFileNames,
  tokenizerFilesIn,
} from './tokenizer/tokenizer-files.js';
