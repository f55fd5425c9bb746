import type { GroupMarginals, Run, ScoreReport } from '@layersense/contracts';
import type { HubSettings } from '@layersense/model-source';
import type { BatchColumns, BatchStatistics } from '@layersense/runs';
import type { ShardReport } from './compute-facts.js';
import type { ComputeSource } from './plans/warm-compute.js';
import type { ProgressSink } from './progress-reporter.js';
import type { EarlierRuns } from './reuse/earlier-runs.js';

/** Says which computation finished batches belong to, and what their values are. */
export interface ComputationKey extends BatchColumns {
  /** The run's identity: batches of any other computation are never used. */
  readonly identity: string;
  /** The shapes by parameter; without them no scores can be shown before the job has ended. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
}

/** Numbers of some examples, in an order that whoever keeps them knows. */
export interface FinishedValues {
  /** What they are of, beside the examples. */
  readonly of: string;
  /** Positions of the examples in the calibration set. */
  readonly positions: readonly number[];
  readonly values: Float64Array;
}

/** The finished batches of an interrupted attempt. */
export interface FinishedBatches {
  load(key: ComputationKey): Promise<readonly BatchStatistics[]>;
  append(key: ComputationKey, batch: BatchStatistics): Promise<void>;
  /** Those of a method whose values are no squared norms, under the identity of its run. */
  loadValues(identity: string): Promise<readonly FinishedValues[]>;
  appendValues(identity: string, values: FinishedValues): Promise<void>;
}

/** A run that a job takes numbers of. */
export interface StoredRun extends ScoreReport {
  /** Of one of its matrices or parts; undefined of what has none. */
  marginals(parameter: string): Promise<GroupMarginals | undefined>;
}

/** What a job needs of the process it runs in. */
export interface JobServices {
  /** Folders local models and datasets may lie in. */
  readonly allowedRoots: readonly string[];
  readonly hub: HubSettings;
  readonly report: ProgressSink;
  readonly finishedBatches: FinishedBatches;
  /** Is told of every batch that has been computed, with its tokens that are not padding. */
  readonly onBatch?: ((batch: { examples: number; tokens: number }) => void) | undefined;
  /**
   * The folder for what a run leaves on disk, with what an interrupted attempt has left there. By
   * default a temporary one, and nobody resumes.
   */
  readonly spillFolder?: (() => Promise<string>) | undefined;
  /** The folder of what was measured of matrices, for runs that have them again; nothing is kept by default. */
  readonly keptFolder?: string | undefined;
  /** Where the compute process comes from; a new one for the job by default. */
  readonly compute?: ComputeSource | undefined;
  /** Where to look for values that need not be computed again; nowhere by default. */
  readonly earlier?: EarlierRuns | undefined;
  /** A stored run, or one that the user gives; there is none by default. @throws LayersenseError `not_found` */
  readonly findRun?: ((id: string) => Promise<Run | undefined>) | undefined;
  /** The run of an id that a request names; there are none by default. @throws LayersenseError `not_found` */
  readonly storedRun?: ((id: string) => Promise<StoredRun>) | undefined;
  /** Is told that a plan ran out of memory and that a smaller one goes on. */
  readonly onSmallerPlan?: ((change: PlanChange) => Promise<unknown>) | undefined;
  /** What the shards of the job tell, where it had any. */
  readonly shards?: readonly ShardReport[] | undefined;
  /** Threads of the compute process; all processors by default. */
  readonly threads?: number | undefined;
  /** A compute process that is silent for so long while a call waits is killed; never by default. */
  readonly stallMs?: number | undefined;
}

/** The plan that ran out of memory, and the one that took its place. */
export interface PlanChange {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Keeps nothing, for runs that nobody resumes. */
export const noFinishedBatches: FinishedBatches = {
  load: () => Promise.resolve([]),
  append: () => Promise.resolve(),
  loadValues: () => Promise.resolve([]),
  appendValues: () => Promise.resolve(),
};
