import type { Batch } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import type { ParsedModel } from '@layersense/models';
import type { BatchDamage } from './batch-damage.js';
import type { Variant } from './variant.js';

/** What every plan measures with. */
export interface DamagePlanOptions {
  readonly model: ParsedModel;
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly threads?: number | undefined;
  readonly variants: readonly Variant[];
  /** An existing folder for replaced weights. */
  readonly folder: string;
  /** Whether an earlier attempt has measured a variant on all examples of a batch. */
  readonly isKnown: (variant: number, batch: Batch) => boolean;
  /** Hears what is computed next and, as a share of all, of work that no batch has been told of. */
  readonly onStep: (what: string | null, share: number) => Promise<void>;
}

/** A way to lay the computation out. All plans give the same numbers and differ in memory and time. */
export interface DamagePlan {
  /** What `auto` turned out to be; undefined before the first batch. */
  readonly device: Device | undefined;
  /** What every variant does to every batch, as far as it is not known, as soon as it is measured. */
  run(batches: readonly Batch[]): AsyncGenerator<BatchDamage>;
}
