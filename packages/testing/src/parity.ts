/* What a check on a bare machine needs: apart from index.ts, which reaches the database. */
export { largest, nonEmpty, smallest } from './non-empty.js';
export { parityFeeds } from './parity-feeds.js';
export {
  demoCheckpoint,
  type ParityCase,
  type ParityCheckpoint,
  parityCheckpoints,
  variantCheckpoints,
} from './parity-fixtures.js';
export { largestRelativeError } from './relative-error.js';
export { type SyntheticShape, writeSyntheticLlama } from './synthetic-llama.js';
