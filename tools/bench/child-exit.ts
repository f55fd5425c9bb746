import type { ChildProcess } from 'node:child_process';

/** The exit code, once all that the process writes has arrived; null when a signal ended it. */
export const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
