import type { MagnitudeJobSpec } from '@layersense/contracts';
import { elementCount } from '@layersense/onnx-ir';
import { measureMagnitude, summarizeMagnitude } from '@layersense/sensitivity';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Scored } from '../method-computation.js';
import { layersBeyond } from './layers-beyond.js';
import { magnitudeWeights } from './magnitude-weights.js';

/** Streams every weight of the checkpoint once; needs no graph, so any architecture will do. */
export async function scoreMagnitude(_: MagnitudeJobSpec, job: OpenedJob): Promise<Scored> {
  const { progress, signal } = job;
  const { weights, leftOut } = magnitudeWeights(job);
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
  return {
    scores: summarizeMagnitude(measured),
    leftOut,
    notes: layersBeyond(job.checkpoint),
    facts: { arithmetic: 'float64' },
  };
}
