import { Worker } from 'node:worker_threads';

/** Checks from a thread of its own, because a running graph blocks this one for minutes. */
const watchParent = `
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, 500);
`;

/** Makes this process end with its parent, even in the middle of a run. */
export function outliveNoParent(): void {
  process.on('disconnect', () => process.exit(0));
  new Worker(watchParent, { eval: true }).unref();
}
