import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes of this machine, zombies left out. */
export async function listProcesses(): Promise<readonly ProcessEntry[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,stat=,args='], { maxBuffer: 2 ** 24 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (command === undefined || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Only what hangs takes as long: a busy machine is slow, and fails no test. */
const LIMIT_SECONDS = 300;

/** Asks `find` until it answers something. */
export async function eventually<T>(
  find: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (const end = Date.now() + LIMIT_SECONDS * 1000; Date.now() < end; await sleep(50)) {
    const found = await find();
    if (found !== undefined) return found;
  }
  throw new Error(`nothing found within ${LIMIT_SECONDS} s`);
}
