import type { Device, FisherParams } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import type { ParsedModel } from '@layersense/models';
import type { BatchStatistics } from '@layersense/runs';
import type { DrawnBatch } from '../examples/pending-batches.js';

/** What every plan computes with. */
export interface FisherPlanOptions {
  readonly model: ParsedModel;
  readonly checkpoint: Checkpoint;
  readonly params: FisherParams;
  /** Whether batches have marginals. False by default: graphs and numbers are then as without them. */
  readonly marginals?: boolean | undefined;
  readonly device: Device;
  readonly threads?: number | undefined;
  /** A compute process that is silent for so long while a call waits is killed. */
  readonly stallMs?: number | undefined;
  /** The dataset row of every example of the set. */
  readonly datasetRows: readonly number[];
  /**
   * Hears which layers are computed next, null where they have no name, and of work on batches that
   * are not finished yet, as a share of the work on all batches given to `run`. The whole plan has
   * nothing to say; the checkpointed one finishes batch after batch, so that its share is 0.
   */
  readonly onStep: (layer: string | null, share: number) => Promise<void>;
  /** Hears, in the same measure, of what an earlier attempt has finished. */
  readonly onResumed: (share: number) => void;
  /** The identity of the run. */
  readonly identity: string;
  /** Says which weights the model has: those in its files may change. */
  readonly weights: string;
}

export type PlanName = 'whole' | 'checkpointed' | 'streamed';

/** A way to execute the computation. All plans give the same numbers and differ in memory and time. */
export interface FisherPlan {
  readonly name: PlanName;
  /** What `auto` turned out to be; undefined before the first batch. */
  readonly device: Device | undefined;
  /** What of an earlier attempt was gone on with, in words. */
  readonly resumption?: string | undefined;
  /** The statistics of every batch, each batch as soon as it is done. */
  run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics>;
}
