import {
  type FisherJobSpec,
  LayersenseError,
  type Loss,
  lossesOf,
  MASK_PROBABILITY,
  type ModelTask,
  type SettledFisherJobSpec,
} from '@layersense/contracts';
import type { OpenedJob } from '../../model/opened-job.js';

const describe: Readonly<Record<ModelTask, string>> = {
  'causal-lm': 'predicts next tokens',
  'masked-lm': 'predicts masked tokens',
  'sequence-classification': 'chooses a class for the sequence',
};

/**
 * The job with the loss that it asks for, or else the first that its model has.
 *
 * @throws LayersenseError `loss_unsupported` where the model predicts something else, and for a model
 *   without Fisher scores
 */
export function settleLoss(
  spec: FisherJobSpec,
  job: Pick<OpenedJob, 'architecture'>,
): SettledFisherJobSpec {
  const { task } = job.architecture();
  const losses: readonly [Loss, ...Loss[]] = lossesOf[task];
  const { purpose, mask_probability: probability } = spec.params;
  const { loss = (purpose === 'quantisation' ? losses.at(-1) : undefined) ?? losses[0] } =
    spec.params;
  const has = `The model ${describe[task]}, so its loss is ${losses.join(' or ')}`;
  if (!losses.includes(loss)) {
    throw new LayersenseError(
      'loss_unsupported',
      `${has}, not ${loss}. Leave loss out, or choose one of these.`,
      { loss, task, losses },
    );
  }
  const masked = task === 'masked-lm';
  if (probability !== undefined && !masked) {
    throw new LayersenseError(
      'loss_unsupported',
      `${has}: no token is masked, and mask_probability has no meaning. Leave it out.`,
      { loss, task, losses },
    );
  }
  const mask = masked ? { mask_probability: probability ?? MASK_PROBABILITY } : {};
  return { ...spec, params: { ...spec.params, loss, ...mask } };
}
