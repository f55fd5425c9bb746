/* What a check on a bare machine needs: apart from index.ts, which reaches the database. */
export { parityFeeds } from './parity-feeds.js';
export {
  demoCheckpoint,
  largestRelativeError,
  type ParityCase,
  type ParityCheckpoint,
  parityCheckpoints,
  variantCheckpoints,
} from './parity-fixtures.js';
export { type SyntheticShape, writeSyntheticLlama } from './synthetic-llama.js';
