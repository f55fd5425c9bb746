import {
  assertAllKnown,
  type Checkpoint,
  isSameTensor,
  sortTensors,
} from '@layersense/model-source';
import type { OpenedJob } from '../../model/opened-job.js';
import { type StoredWeight, storedWeights } from '../../model/stored-weights.js';

export interface MagnitudeWeights {
  readonly weights: readonly StoredWeight[];
  /** Stored tensors that are no parameters, and a tied output head, which is its embedding. */
  readonly leftOut: readonly string[];
}

type Stored = Pick<OpenedJob, 'checkpoint' | 'dequantized'>;

/**
 * The model's parameters, by the names that Fisher scores have. Every stored tensor is among them or
 * left out by name.
 *
 * @throws LayersenseError `dtype_unsupported` naming a tensor of which neither can be said
 */
export async function magnitudeWeights({
  checkpoint,
  dequantized,
}: Stored): Promise<MagnitudeWeights> {
  const sorted = sortTensors(checkpoint);
  assertAllKnown(sorted);
  const copies = (await isTiedCopy(HEAD, checkpoint)) ? [HEAD] : [];
  return {
    weights: [
      ...storedWeights({ checkpoint }).filter(({ parameter }) => !copies.includes(parameter)),
      ...[...dequantized].map(([parameter, weight]) => ({ parameter, ...weight })),
    ],
    leftOut: [...sorted.buffers, ...copies],
  };
}

/**
 * Whether a checkpoint whose config.json ties the output head stores it a second time. As in
 * transformers 5, a head that differs from the embedding is a parameter, and so is one that is stored
 * in the embedding's place.
 */
async function isTiedCopy(head: string, checkpoint: Checkpoint): Promise<boolean> {
  const ref = checkpoint.tensors.get(head);
  if (!ref || !isTied(checkpoint.config)) return false;
  for (const [name, other] of sortTensors(checkpoint).weights) {
    if (name !== head && (await isSameTensor(checkpoint.weightsFolder, ref, other))) return true;
  }
  return false;
}

const HEAD = 'lm_head.weight';

function isTied(config: unknown): boolean {
  return (
    config !== null &&
    typeof config === 'object' &&
    'tie_word_embeddings' in config &&
    config.tie_word_embeddings === true
  );
}
