import { type ErrorCode, LayersenseError } from '@layersense/contracts';
import { measureMagnitude } from '@layersense/sensitivity';
import type { OpenedJob } from './opened-job.js';
import { storedWeights } from './stored-weights.js';

const NOT_FINITE: readonly ErrorCode[] = ['non_finite_gradient', 'non_finite_damage'];

/**
 * Looks for the reason of a gradient or a prediction that is not finite in the weights, which takes
 * reading all of them: a value that is not finite there makes every layer's gradient so, not its own alone.
 *
 * @throws LayersenseError `non_finite_weight` naming the parameter
 */
export async function assertFiniteWeights(
  { checkpoint, signal }: Pick<OpenedJob, 'checkpoint' | 'signal'>,
  error: unknown,
): Promise<void> {
  if (!(error instanceof LayersenseError) || !NOT_FINITE.includes(error.code)) return;
  for (const { parameter, chunks } of storedWeights({ checkpoint })) {
    signal.throwIfAborted();
    await measureMagnitude(parameter, chunks());
  }
}
