import { assertAllKnown, sortTensors } from '@layersense/model-source';
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
export function magnitudeWeights({ checkpoint, dequantized }: Stored): MagnitudeWeights {
  const sorted = sortTensors(checkpoint);
  assertAllKnown(sorted);
  const copies = isTied(checkpoint.config) && sorted.weights.has(HEAD) ? [HEAD] : [];
  return {
    weights: [
      ...storedWeights({ checkpoint }).filter(({ parameter }) => !copies.includes(parameter)),
      ...[...dequantized].map(([parameter, weight]) => ({ parameter, ...weight })),
    ],
    leftOut: [...sorted.buffers, ...copies],
  };
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
