import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface WorkerProcessOptions {
  readonly databaseUrl: string;
  readonly queueUrl: string;
  readonly namespace: string;
  readonly root: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
}

/** A real worker with short locks, whose every batch computes with one thread. */
export function startWorkerProcess(options: WorkerProcessOptions): ChildProcess {
  return fork(main, options.words ?? [], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      DATABASE_URL: options.databaseUrl,
      QUEUE_URL: options.queueUrl,
      QUEUE_NAMESPACE: options.namespace,
      ALLOWED_ROOTS: options.root,
      LOG_LEVEL: 'info',
      THREADS: '1',
      LOCK_SECONDS: '5',
      STALLED_CHECK_SECONDS: '1',
      ...options.environment,
    },
  });
}

/** Until the worker has said so in its log. */
export function waitsForJobs(worker: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    worker.stdout?.on('data', (text) => {
      said += text;
      if (said.includes('waiting for jobs')) resolve();
    });
    worker.once('exit', () => reject(new Error(`the worker has ended: ${said}`)));
  });
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

/** Direct children of a process. */
export function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid)
    .map(Number);
}

function parentOf(entry: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${entry}/status`, 'utf8');
    return Number(/PPid:\s+(\d+)/.exec(status)?.[1]);
  } catch {
    return undefined;
  }
}

export function alive(pid: number): boolean {
  try {
    return !/State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
