import {
  LayersenseError,
  type Loss,
  lossesOf,
  type MeasureJobSpec,
  type RunDataset,
} from '@layersense/contracts';
import { basisOfJob, MeasuredDamage, runIdentity, unpackDamage } from '@layersense/runs';
import {
  type PreparedCalibration,
  prepareCalibration,
} from '../../examples/prepare-calibration.js';
import type { OpenedJob } from '../../model/opened-job.js';
import { heldOutNotes } from './held-out.js';
import { type MeasuredVariants, variantsOf } from './variants.js';

/** A job that is ready to measure: its variants and examples, and what is known of them already. */
export interface MeasureWork {
  readonly spec: MeasureJobSpec;
  readonly job: OpenedJob;
  readonly measured: MeasuredVariants;
  readonly calibration: PreparedCalibration;
  readonly dataset: RunDataset;
  /** Decides what of an example is predicted. */
  readonly loss: Loss;
  readonly identity: string;
  /** Holds what earlier attempts have measured. */
  readonly damage: MeasuredDamage;
  readonly leftOut: readonly string[];
  readonly notes: readonly string[];
}

/**
 * @throws LayersenseError those of `variantsOf`, `prepareCalibration` and `heldOutNotes`
 */
export async function prepareMeasure(spec: MeasureJobSpec, job: OpenedJob): Promise<MeasureWork> {
  const { checkpoint, model, progress, services, signal } = job;
  const architecture = job.architecture();
  const [loss] = lossesOf[architecture.task];
  const { measured, leftOut, notes } = variantsOf(spec, job);
  await progress.begin('tokenizing');
  const request = { ...spec, params: { ...spec.params, labels: 'data' as const } };
  const calibration = await prepareCalibration(request, checkpoint, architecture, services, signal);
  const dataset = calibration.provenance();
  const heldOut = await heldOutNotes(spec.params, dataset, services);
  const identity = runIdentity(basisOfJob(spec, model), dataset);
  const names = measured.variants.map(({ name }) => name);
  const damage = new MeasuredDamage(names, dataset.indices);
  for (const { of, positions, values } of await services.finishedBatches.loadValues(identity)) {
    damage.add(Number(of), positions, unpackDamage(values));
  }
  return {
    spec,
    job,
    measured,
    calibration,
    dataset,
    loss,
    identity,
    damage,
    leftOut,
    notes: [...notes, ...heldOut],
  };
}

/** The mask that the job's examples have, where the request leaves it open. */
export function settleMeasure(spec: MeasureJobSpec, job: OpenedJob): MeasureJobSpec {
  const { task } = job.architecture();
  const { mask_probability: probability } = spec.params;
  if (probability !== undefined && task !== 'masked-lm') {
    throw new LayersenseError(
      'loss_unsupported',
      'The model predicts no masked tokens, so that mask_probability has no meaning. Leave it out.',
      { task },
    );
  }
  return spec;
}
