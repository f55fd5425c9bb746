import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * This process as the content of a lock file: its id, when it began, and where ids mean what they
 * mean here. Containers that share a folder have process ids of their own, even under one host name.
 */
export function describeThisProcess(): string {
  return `${process.pid} ${startOf(process.pid)} ${place()}`;
}

/**
 * What this machine knows about the process that `holder` describes: `unknown` for one that runs
 * elsewhere, and for text that is no description.
 */
export function aliveness(holder: string): 'alive' | 'gone' | 'unknown' {
  const { pid, started, where } = parse(holder);
  if (pid === undefined || where !== place()) return 'unknown';
  const running = startOf(pid);
  return running === started || running === 'unknown' ? 'alive' : 'gone';
}

/** The id of a process of this machine; `undefined` for one that runs elsewhere. */
export function pidOf(holder: string): number | undefined {
  const { pid, where } = parse(holder);
  return where === place() ? pid : undefined;
}

function parse(holder: string) {
  const [, pid, started, where] = /^\S+ (\d+) (\S+) (\S+)$/.exec(holder) ?? [];
  return { pid: pid === undefined ? undefined : Number(pid), started, where };
}

/** The run of the machine and the namespace of process ids; elsewhere than on Linux the host's name. */
function place(): string {
  const host = encodeURIComponent(hostname());
  try {
    const boot = read('/proc/sys/kernel/random/boot_id').trim();
    return `${host}/${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return host;
  }
}

/**
 * When a process began, so that a number that is used again is not taken for its former owner;
 * `undefined` for one that has ended, `unknown` where the system does not say.
 */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user is alive all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined;
  }
  const stat = read(`/proc/${pid}/stat`);
  // The second field is a name in parentheses; the state is the third and the start time the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : (fields[19] ?? 'unknown');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
