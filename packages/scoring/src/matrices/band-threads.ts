import { Worker } from 'node:worker_threads';
import { LayersenseError } from '@layersense/contracts';
import type { BandResult, BandTask } from './band-tasks.js';
import type { BandAnswer } from './band-thread.js';

/** The thread's program, wherever this file runs from: a source folder in tests, or dist. */
const THREAD = new URL('../../dist/matrices/band-thread.js', import.meta.url);

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Who waits for the answers, in their order. */
  readonly waiting: Waiting[];
}

/**
 * Threads that look at bands of matrices and apply formats to them; values are shared with them, not
 * copied. A job that is canceled ends them where they are.
 */
export class BandThreads {
  readonly #threads: readonly Thread[];
  readonly #signal: AbortSignal;
  #ended: unknown;

  constructor(count: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#threads = Array.from({ length: Math.max(1, count) }, () => this.#start());
    signal.addEventListener('abort', this.#abort);
  }

  /**
   * @throws LayersenseError as the task does; `compute_failed` where a thread ends
   * @throws what the signal was aborted with
   */
  async run<Task extends BandTask>(task: Task): Promise<BandResult<Task>> {
    this.#signal.throwIfAborted();
    if (this.#ended !== undefined) throw this.#ended;
    const idlest = this.#threads.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
    return (await new Promise<unknown>((resolve, reject) => {
      idlest.waiting.push({ resolve, reject });
      idlest.worker.postMessage(task);
    })) as BandResult<Task>;
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#ended ??= new TypeError('the threads are closed');
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): Thread {
    const thread: Thread = { worker: new Worker(THREAD), waiting: [] };
    thread.worker.on('message', (answer: BandAnswer) => {
      const waiting = thread.waiting.shift();
      if ('result' in answer) waiting?.resolve(answer.result);
      else {
        const { code, message, context } = answer.error;
        waiting?.reject(new LayersenseError(code, message, context));
      }
    });
    thread.worker.on('error', (error) => this.#end(threadFailed(error)));
    return thread;
  }

  readonly #abort = (): void => this.#end(this.#signal.reason);

  #end(reason: unknown): void {
    this.#ended ??= reason;
    for (const { worker, waiting } of this.#threads) {
      for (const { reject } of waiting.splice(0)) reject(reason);
      void worker.terminate();
    }
  }
}

function threadFailed(cause: unknown): LayersenseError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LayersenseError(
    'compute_failed',
    `A thread that applies formats ended (${message}). Start the job with fewer threads where memory is short.`,
    {},
    { cause },
  );
}
