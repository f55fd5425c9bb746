import { type ChildProcess, fork } from 'node:child_process';
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
      // Long enough to be renewed on a busy machine, short enough to wait for after kill -9.
      LOCK_SECONDS: '15',
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
