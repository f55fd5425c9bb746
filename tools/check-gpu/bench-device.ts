import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import type { ComputeProcess, Device } from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { parityFeeds, type SyntheticShape, writeSyntheticLlama } from '@layersense/testing/parity';

export interface BenchWork extends SyntheticShape {
  readonly name: string;
  readonly batch: number;
  readonly length: number;
}

export interface BenchResult {
  readonly work: string;
  readonly device: Device;
  /** The fastest of three runs after one that is not counted. */
  readonly secondsPerExample: number;
  readonly openSeconds: number;
}

const small = { layers: 4, hidden: 256, heads: 4, keyValueHeads: 2, mlp: 704, vocabulary: 4096 };
const large = { layers: 12, hidden: 768, heads: 12, keyValueHeads: 4, mlp: 2048, vocabulary: 8192 };

/** From the quickest to the slowest. The last two are the work of `npm run bench`. */
export const benchWorks: readonly BenchWork[] = [
  { name: '4 layers, hidden 256, T=128', ...small, batch: 4, length: 128 },
  { name: '12 layers, hidden 768, T=128', ...large, batch: 8, length: 128 },
  { name: '12 layers, hidden 768, T=512', ...large, batch: 4, length: 512 },
];

/** A whole sensitivity graph (forwards, backwards, every norm) of random weights and tokens. */
export async function benchDevice(
  compute: ComputeProcess,
  device: Device,
  work: BenchWork,
): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'layersense-bench-'));
  try {
    await writeSyntheticLlama(folder, work);
    const { tensors, config, weightsFolder } = await openCheckpoint(folder);
    const forward = buildForward(parseModel(config), tensors, work);
    const { graph } = buildSensitivityGraph(forward, { labels: 'data' });
    const started = performance.now();
    const session = await compute.openSession(encodeModel(graph), { device, weightsFolder });
    const openSeconds = (performance.now() - started) / 1000;
    const seconds: number[] = [];
    for (let run = 0; run < 4; run++) seconds.push((await session.run(feeds(work))).seconds);
    await session.release();
    const secondsPerExample = Math.min(...seconds.slice(1)) / work.batch;
    return { work: work.name, device, secondsPerExample, openSeconds };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function feeds({ batch, length, vocabulary }: BenchWork) {
  const input_ids = Array.from({ length: batch }, (_, row) =>
    Array.from({ length }, (_, position) => (7919 * position + 104_729 * row) % vocabulary),
  );
  return parityFeeds({ loss: 'token-mean', input_ids }, length, 'float32');
}
