import type { MagnitudeJobSpec, ScoreReport } from '@layersense/contracts';
import { tensorChunks } from '@layersense/model-source';
import { unconvertedName } from '@layersense/models';
import { elementCount, type TensorRef } from '@layersense/onnx-ir';
import { basisOfJob, runIdentity } from '@layersense/runs';
import { measureMagnitude, summarizeMagnitude } from '@layersense/sensitivity';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Computation } from '../../run-report.js';

/** Streams every weight of the checkpoint once; needs no graph, so any architecture will do. */
export async function scoreMagnitude(
  spec: MagnitudeJobSpec,
  { model, checkpoint, dequantized, progress, services, signal }: OpenedJob,
): Promise<Omit<Computation, 'dequantized'> | ScoreReport> {
  const identity = runIdentity(basisOfJob(spec, model), undefined);
  const equal = await services.earlier?.findEqual({ identity, spec, model });
  if (equal) return equal;
  const stored = magnitudeWeights(checkpoint.tensors, checkpoint.config);
  const weights = [
    ...stored.map(([parameter, ref]) => ({
      parameter,
      shape: ref.shape,
      chunks: () => tensorChunks(checkpoint.weightsFolder, ref),
    })),
    ...[...dequantized].map(([parameter, weight]) => ({ parameter, ...weight })),
  ];
  const elements = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const total = weights.length;
  const measured = [];
  await progress.begin('computing', { done: 0, total }, weights[0]?.parameter);
  for (const [i, { parameter, shape, chunks }] of weights.entries()) {
    signal.throwIfAborted();
    measured.push({ parameter, shape, magnitude: await measureMagnitude(parameter, chunks()) });
    const next = weights[i + 1]?.parameter;
    await progress.advance({ done: i + 1, total }, elementCount(shape) / elements, next);
  }
  return { scores: summarizeMagnitude(measured), facts: { arithmetic: 'float64' } };
}

type Weights = readonly (readonly [string, TensorRef])[];

/**
 * The checkpoint's parameters, by the names that Fisher scores have: no rotary buffers, and a tied
 * output head only once.
 */
export function magnitudeWeights(
  tensors: ReadonlyMap<string, TensorRef>,
  config: unknown,
): Weights {
  const tied =
    config !== null &&
    typeof config === 'object' &&
    'tie_word_embeddings' in config &&
    config.tie_word_embeddings === true;
  return [...tensors]
    .filter(
      ([name]) => !name.endsWith('.rotary_emb.inv_freq') && !(tied && name === 'lm_head.weight'),
    )
    .map(([name, ref]) => [unconvertedName(name), ref]);
}
