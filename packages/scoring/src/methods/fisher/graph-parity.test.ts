import { openCheckpoint } from '@layersense/model-source';
import { type Arithmetic, buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph, type NormPath } from '@layersense/sensitivity';
import {
  largestRelativeError,
  nonEmpty,
  parityCheckpoints,
  parityFeeds,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

/** The cheaper path is taken per weight; here each is forced, so that both face PyTorch. */
const variants: readonly Variant[] = [
  { path: 'gram', arithmetic: 'float32', head: 'whole', tolerance: 1e-4 },
  { path: 'gram', arithmetic: 'float32', head: 'whole', attentionBlocks: 3, tolerance: 1e-4 },
  { path: 'explicit', arithmetic: 'float32', head: 'whole', tolerance: 1e-4 },
  // Not exact: rotary tables are rounded to float32, as transformers does when a model is run.
  { path: 'gram', arithmetic: 'float64', head: 'whole', tolerance: 1e-6 },
  { path: 'gram', arithmetic: 'float64', head: 'chunked', attentionBlocks: 5, tolerance: 1e-6 },
];

interface Variant {
  readonly path: NormPath;
  readonly arithmetic: Arithmetic;
  readonly head: 'whole' | 'chunked';
  /** The number of blocks that 24 positions are cut into; five do not divide them. */
  readonly attentionBlocks?: number;
  readonly tolerance: number;
}

/** Leaves about thirty entries of the vocabulary to a chunk. */
const CHUNK_ELEMENTS = 3600;

describe.each(nonEmpty(parityCheckpoints()))('$name', ({ folder, cases }) => {
  it.each(variants)(
    'equals PyTorch: $path, $arithmetic, head $head, blocks $attentionBlocks',
    async (variant) => {
      const { path, arithmetic, attentionBlocks, tolerance } = variant;
      const chunked = variant.head === 'chunked' ? { chunkElements: CHUNK_ELEMENTS } : {};
      const checkpoint = await openCheckpoint(folder);
      const model = parseModel(checkpoint.config);
      for (const expected of nonEmpty(cases)) {
        const shape = { batch: expected.input_ids.length, length: 24 };
        const forward = buildForward(model, checkpoint.tensors, shape, {
          arithmetic,
          attentionBlocks,
        });
        const { graph, parameters } = buildSensitivityGraph(forward, {
          labels: 'data',
          path,
          ...chunked,
        });
        const session = await compute.openSession(encodeModel(graph), {
          device: 'cpu',
          weightsFolder: checkpoint.weightsFolder,
        });
        const { outputs } = await session.run(parityFeeds(expected, shape.length, arithmetic));
        await session.release();
        for (const { name, output } of nonEmpty(parameters)) {
          const actual = outputs[output]?.data as Float64Array | undefined;
          const norms = expected.gradient_squared_norms[name];
          expect(largestRelativeError(actual, norms), name).toBeLessThan(tolerance);
        }
      }
    },
  );
});
