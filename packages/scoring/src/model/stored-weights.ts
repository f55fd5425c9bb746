import { type Floats, sortTensors, tensorChunks } from '@layersense/model-source';
import { unconvertedName } from '@layersense/models';
import type { OpenedJob } from './opened-job.js';

/** A parameter and its values, row-major. */
export interface StoredWeight {
  readonly parameter: string;
  readonly shape: readonly number[];
  readonly chunks: () => AsyncIterable<Floats>;
}

/** The checkpoint's floating-point weights, by the names that scores have, in the order of its files. */
export function storedWeights({ checkpoint }: Pick<OpenedJob, 'checkpoint'>): StoredWeight[] {
  return [...sortTensors(checkpoint).weights].map(([name, ref]) => ({
    parameter: unconvertedName(name),
    shape: ref.shape,
    chunks: () => tensorChunks(checkpoint.weightsFolder, ref),
  }));
}
