import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { type FileLock, tryFileLock } from '@layersense/model-source';

/** How long a holder of which this machine knows nothing, as in another container, is watched. */
const STALE_MS = 10_000;

/**
 * Takes a GPU of this machine for this process: two workers on one would share its memory, and each
 * plan for all of it. The lock of a process which is gone is taken over.
 *
 * @param gpu as in CUDA_VISIBLE_DEVICES: a number, or the start of a UUID
 * @throws LayersenseError `device_unavailable` naming the process that has it
 */
export async function lockGpu(gpu: string, folder = tmpdir()): Promise<FileLock> {
  const path = join(folder, `layersense-gpu-${gpu.replaceAll(/[^\w-]/g, '_')}.lock`);
  const lock = await tryFileLock(path, { staleMs: STALE_MS });
  if ('release' in lock) return lock;
  const holder = lock.pid === undefined ? 'A process elsewhere' : `Process ${lock.pid}`;
  throw new LayersenseError(
    'device_unavailable',
    `${holder} computes on GPU ${gpu} already (${path}). Start one worker per GPU, each with a CUDA_VISIBLE_DEVICES of its own.`,
    lock.pid === undefined ? { gpu } : { gpu, pid: lock.pid },
  );
}
