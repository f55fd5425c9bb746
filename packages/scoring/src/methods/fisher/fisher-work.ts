import type { CalibrationSet } from '@layersense/calibration';
import {
  exampleGroup,
  type RunDataset,
  type ScoreReport,
  type SettledFisherJobSpec,
} from '@layersense/contracts';
import { listParameters } from '@layersense/models';
import { basisOfJob, FisherAccumulator, MarginalSums, runIdentity } from '@layersense/runs';
import {
  type PreparedCalibration,
  prepareCalibration,
} from '../../examples/prepare-calibration.js';
import type { ComputationKey, JobServices } from '../../job-services.js';
import type { OpenedJob } from '../../model/opened-job.js';
import { type IntendedRun, type ReusedExamples, reuseExamples } from '../../reuse/earlier-runs.js';
import { KeptMarginals } from './kept-marginals.js';

/** A Fisher job that is ready to compute: its examples, and what of them is known already. */
export interface FisherWork {
  readonly spec: SettledFisherJobSpec;
  readonly job: OpenedJob;
  readonly calibration: PreparedCalibration;
  readonly set: CalibrationSet;
  readonly intended: IntendedRun;
  /** The parameters by name. */
  readonly scored: ReturnType<typeof listParameters>;
  readonly key: ComputationKey;
  /** Holds what an earlier run and earlier attempts have computed. */
  readonly accumulator: FisherAccumulator;
  readonly reused: ReusedExamples;
  /** Where the purpose of the run is quantisation. */
  readonly marginals: KeptMarginals | undefined;
}

/**
 * @throws LayersenseError when model, tokenizer and dataset do not fit together, `canceled`, and
 *   those of the stores of finished batches and of earlier runs
 */
export async function prepareFisher(
  spec: SettledFisherJobSpec,
  job: OpenedJob,
): Promise<FisherWork> {
  const { model, checkpoint, progress, services, signal } = job;
  const architecture = job.architecture();
  const scored = listParameters(architecture, checkpoint.tensors);
  await progress.begin('tokenizing');
  const calibration = await prepareCalibration(spec, checkpoint, architecture, services, signal);
  const intended = { model, basis: basisOfJob(spec, model), dataset: calibration.provenance() };
  const accumulator = new FisherAccumulator(intended.dataset.indices);
  const key = {
    identity: runIdentity(intended.basis, intended.dataset),
    parameters: [...scored.keys()],
    routed: [...scored.keys()].filter((name) => scored.get(name)?.routed),
    shapes: new Map([...scored].map(([name, { shape }]) => [name, shape])),
  };
  const marginals =
    spec.params.purpose === 'quantisation'
      ? await keptMarginals(intended.dataset, key, services)
      : undefined;
  const reused = await reuseExamples(services.earlier, intended, key, marginals?.sums);
  const finished = await services.finishedBatches.load(key);
  for (const batch of [...reused.batches, ...finished]) {
    if (batch.examples.every((example) => marginals?.sums.has(example) ?? true)) {
      accumulator.add(batch);
    }
  }
  const { set } = calibration;
  return { spec, job, calibration, set, intended, scored, key, accumulator, reused, marginals };
}

async function keptMarginals(
  { indices, example_hashes: hashes }: RunDataset,
  { identity }: ComputationKey,
  { spillFolder }: Pick<JobServices, 'spillFolder'>,
): Promise<KeptMarginals> {
  const sums = new MarginalSums(hashes.map(exampleGroup), indices);
  return KeptMarginals.open(sums, identity, await spillFolder?.());
}

/** The stored run that the job would end with, where there is one. */
export async function findEqualRun({
  job,
  key,
  spec,
}: FisherWork): Promise<ScoreReport | undefined> {
  const { identity } = key;
  return await job.services.earlier?.findEqual({ identity, spec, model: job.model });
}
