import { tensorChunks } from '@layersense/model-source';
import { elementCount, type TensorRef } from '@layersense/onnx-ir';
import { measureMagnitude, summarizeMagnitude } from '@layersense/sensitivity';
import type { OpenedJob } from './opened-job.js';
import type { Computation } from './run-report.js';

/** Streams every weight of the checkpoint once; needs no graph, so any architecture will do. */
export async function scoreMagnitude({
  checkpoint,
  progress,
  signal,
}: OpenedJob): Promise<Computation> {
  const weights = magnitudeWeights(checkpoint.tensors, checkpoint.config);
  const elements = weights.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  const total = weights.length;
  const measured = [];
  await progress.begin('computing', { done: 0, total });
  for (const [parameter, ref] of weights) {
    signal.throwIfAborted();
    const chunks = tensorChunks(checkpoint.weightsFolder, ref);
    measured.push({
      parameter,
      shape: ref.shape,
      magnitude: await measureMagnitude(parameter, chunks),
    });
    await progress.advance({ done: measured.length, total }, elementCount(ref.shape) / elements);
  }
  return { scores: summarizeMagnitude(measured), arithmetic: 'float64' };
}

type Weights = readonly (readonly [string, TensorRef])[];

/** The checkpoint's parameters: no rotary buffers, and a tied output head only once. */
export function magnitudeWeights(
  tensors: ReadonlyMap<string, TensorRef>,
  config: unknown,
): Weights {
  const tied =
    config !== null &&
    typeof config === 'object' &&
    'tie_word_embeddings' in config &&
    config.tie_word_embeddings === true;
  return [...tensors].filter(
    ([name]) => !name.endsWith('.rotary_emb.inv_freq') && !(tied && name === 'lm_head.weight'),
  );
}
