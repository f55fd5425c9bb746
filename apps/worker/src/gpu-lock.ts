import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';

export interface GpuLock {
  release(): Promise<void>;
}

/**
 * Takes a GPU of this machine for this process: two workers on one would share its memory, and each
 * plan for all of it. The lock is a file that names its holder; that of a process which is gone is
 * taken over.
 *
 * @param gpu as in CUDA_VISIBLE_DEVICES: a number, or the start of a UUID
 * @throws LayersenseError `device_unavailable` naming the process that has it
 */
export async function lockGpu(gpu: string, folder = tmpdir()): Promise<GpuLock> {
  const path = join(folder, `layersense-gpu-${gpu.replaceAll(/[^\w-]/g, '_')}.lock`);
  const mine = `${process.pid} ${startOf(process.pid)}`;
  while (!(await create(path, mine))) {
    const holder = read(path);
    const [pid = '', started] = holder.split(' ');
    if (started !== undefined && startOf(Number(pid)) === started) throw taken(gpu, pid, path);
    // Whoever finds it removed first makes the new one; the others look at that again.
    if (read(path) === holder) await rm(path, { force: true });
  }
  return {
    release: async () => {
      if (read(path) === mine) await rm(path, { force: true });
    },
  };
}

/** A link appears with its content, so that nobody reads half a name. */
async function create(path: string, content: string): Promise<boolean> {
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, content);
  try {
    await link(whole, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** When a process began, so that a number that is used again is not taken for its former owner. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user is alive all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined;
  }
  const stat = read(`/proc/${pid}/stat`);
  // The second field is a name in parentheses; the start time is the 22nd.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
}

function taken(gpu: string, pid: string, path: string): LayersenseError {
  return new LayersenseError(
    'device_unavailable',
    `Process ${pid} computes on GPU ${gpu} already (${path}). Start one worker per GPU, each with a CUDA_VISIBLE_DEVICES of its own.`,
    { gpu, pid: Number(pid) },
  );
}
