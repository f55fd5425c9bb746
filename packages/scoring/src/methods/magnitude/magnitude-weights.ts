import { assertAllKnown, sortTensors } from '@layersense/model-source';
import type { OpenedJob } from '../../model/opened-job.js';
import { type StoredWeight, skipping, storedWeights } from '../../model/stored-weights.js';

export interface MagnitudeWeights {
  readonly weights: readonly StoredWeight[];
  /** Stored tensors that are no parameters, and a tied output head, which is its embedding. */
  readonly leftOut: readonly string[];
}

type Stored = Pick<OpenedJob, 'checkpoint' | 'dequantized' | 'copies'>;

/**
 * The model's parameters, by the names that Fisher scores have. Every stored tensor is among them or
 * left out by name.
 *
 * @throws LayersenseError `dtype_unsupported` naming a tensor of which neither can be said
 */
export function magnitudeWeights({ checkpoint, dequantized, copies }: Stored): MagnitudeWeights {
  const sorted = sortTensors(checkpoint);
  assertAllKnown(sorted);
  return {
    weights: [
      ...storedWeights({ checkpoint }),
      ...[...dequantized].map(([parameter, { shape, chunks }]) => ({
        parameter,
        shape,
        chunks: (from = 0) => skipping(chunks(), from),
      })),
    ],
    leftOut: [...sorted.buffers, ...copies],
  };
}
