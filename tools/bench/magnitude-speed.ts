import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, openCheckpoint, tensorChunks } from '@layersense/model-source';
import { measureMagnitude } from '@layersense/sensitivity';

/** Seconds to read the file, and to read it and measure all in it. */
interface ReadAndMeasured {
  readonly read: number;
  readonly magnitude: number;
}

interface MagnitudeSpeed {
  readonly warm: readonly ReadAndMeasured[];
  /** Empty where the cache cannot be emptied. */
  readonly cold: readonly ReadAndMeasured[];
}

/**
 * Seconds to read a checkpoint's file and to read it and measure every weight's magnitude, in turns:
 * from the page cache and, where `dd` can empty it of the file, from the disk.
 */
export async function magnitudeSpeed(folder: string, repeats: number): Promise<MagnitudeSpeed> {
  const checkpoint = await openCheckpoint(folder);
  const file = join(folder, 'model.safetensors');
  const warm: ReadAndMeasured[] = [];
  const cold: ReadAndMeasured[] = [];
  readThrough(file);
  for (let i = 0; i < repeats; i++) {
    warm.push({ read: readThrough(file), magnitude: await magnitudes(checkpoint) });
    if (!dropFromCache(file)) continue;
    const read = readThrough(file);
    dropFromCache(file);
    cold.push({ read, magnitude: await magnitudes(checkpoint) });
  }
  return { warm, cold };
}

function readThrough(file: string): number {
  const started = performance.now();
  const buffer = Buffer.allocUnsafe(1 << 20);
  const descriptor = openSync(file, 'r');
  while (readSync(descriptor, buffer) > 0);
  closeSync(descriptor);
  return (performance.now() - started) / 1000;
}

async function magnitudes({ tensors, weightsFolder }: Checkpoint): Promise<number> {
  const started = performance.now();
  for (const [name, ref] of tensors) await measureMagnitude(name, tensorChunks(weightsFolder, ref));
  return (performance.now() - started) / 1000;
}

/** GNU dd: `nocache` on a copy of nothing advises the kernel that the file is not needed. */
function dropFromCache(file: string): boolean {
  const { status } = spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], {
    stdio: 'ignore',
  });
  return status === 0;
}
