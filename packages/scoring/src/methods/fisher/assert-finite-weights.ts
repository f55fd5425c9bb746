import { LayersenseError } from '@layersense/contracts';
import { measureMagnitude } from '@layersense/sensitivity';
import type { OpenedJob } from '../../model/opened-job.js';
import { storedWeights } from '../../model/stored-weights.js';

/**
 * Looks for the reason of a gradient that is not finite in the weights, which takes reading all of
 * them: a value that is not finite there makes every layer's gradient so, not its own alone.
 *
 * @throws LayersenseError `non_finite_weight` naming the parameter
 */
export async function assertFiniteWeights(
  { checkpoint, signal }: Pick<OpenedJob, 'checkpoint' | 'signal'>,
  error: unknown,
): Promise<void> {
  if (!(error instanceof LayersenseError) || error.code !== 'non_finite_gradient') return;
  for (const { parameter, chunks } of storedWeights({ checkpoint })) {
    signal.throwIfAborted();
    await measureMagnitude(parameter, chunks());
  }
}
