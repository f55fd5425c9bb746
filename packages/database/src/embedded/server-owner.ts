import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Records that this process is the one to stop the server on `folder`. */
export async function claimServer(folder: string): Promise<void> {
  await writeFile(join(folder, 'owner.pid'), `${process.pid}\n`);
}

/** Whether a process that is still alive started the server, this one included. */
export async function isClaimedElsewhere(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'owner.pid'), 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 0 && isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
