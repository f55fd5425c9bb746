import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts';
import { explainExit, type ProcessExit } from './explain-exit.js';
import type { Operation, Operations, ProcessStats, Reply, SessionInfo } from './protocol.js';
import type { Session } from './session.js';
import type { SessionOptions } from './session-options.js';

/** A process that runs graphs. It stays warm between jobs; cancelling one means killing it. */
export interface ComputeProcess {
  readonly pid: number;
  /**
   * Loads an encoded ONNX model.
   *
   * @throws LayersenseError `device_unavailable`, `checkpoint_missing`, `checkpoint_invalid`,
   *   `out_of_memory`, `compute_failed`, or what ended the process.
   */
  openSession(model: Uint8Array, options: SessionOptions): Promise<Session>;
  /** Resident memory now and at its highest; waits for a run in progress. */
  stats(options?: { readonly resetPeak?: boolean }): Promise<ProcessStats>;
  /** Kills the process, which has nothing to save, and waits until it is gone. */
  close(): Promise<void>;
  /** Ends the process at once, whatever it does; calls under way are rejected with `canceled`. */
  kill(): void;
  /** How the process ended; never rejected. */
  readonly exited: Promise<ProcessExit>;
}

/** The pseudo call that the process answers when it has started. */
const READY = -1;

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: LayersenseError): void;
}

/** Works from src and from dist: both lie beside each other. */
const CHILD = fileURLToPath(new URL('../dist/compute-child.js', import.meta.url));

/** Enough for the last words of a crash. */
const STDERR_KEPT = 8 * 1024;

/**
 * Starts a compute process and waits until it can take calls. Aborting `signal` kills it, then or
 * at any later time.
 *
 * @throws LayersenseError `canceled`, `compute_process_died`.
 */
export async function startComputeProcess(
  options: { readonly signal?: AbortSignal } = {},
): Promise<ComputeProcess> {
  const { signal } = options;
  if (signal?.aborted) throw canceled();
  const child = fork(CHILD, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    // TF32 would make float32 products on an NVIDIA device wrong in the third digit.
    env: { ...process.env, NVIDIA_TF32_OVERRIDE: '0' },
  });
  const compute = new ForkedProcess(child);
  const kill = () => compute.kill();
  signal?.addEventListener('abort', kill, { once: true });
  void compute.exited.then(() => signal?.removeEventListener('abort', kill));
  await compute.ready;
  return compute;
}

class ForkedProcess implements ComputeProcess {
  readonly exited: Promise<ProcessExit>;
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 0;
  #stderr = '';
  /** What every call from now on is rejected with. */
  #ended: LayersenseError | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ready = this.#expect(READY);
    this.exited = new Promise((resolve) => {
      const end = (exit: ProcessExit) => {
        this.#end(explainExit(exit, this.#stderr));
        resolve(exit);
      };
      child.once('close', (code, signal) => end({ code, signal }));
      child.on('error', (error) => {
        this.#stderr += error.message;
        if (child.pid === undefined) end({ code: null, signal: null });
      });
    });
    child.on('message', (reply: Reply) => this.#settle(reply));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
    return this.#session(await this.#call('open', { model, options }));
  }

  stats({ resetPeak = false } = {}): Promise<ProcessStats> {
    return this.#call('stats', { resetPeak });
  }

  async close(): Promise<void> {
    this.kill();
    await this.exited;
  }

  kill(): void {
    this.#end(canceled());
    this.#child.kill('SIGKILL');
  }

  #session({ session, device, inputs, outputs }: SessionInfo): Session {
    return {
      device,
      inputs,
      outputs,
      run: (feeds) => this.#call('run', { session, feeds }),
      endProfiling: async () => void (await this.#call('endProfiling', { session })),
      release: async () => void (await this.#call('release', { session })),
    };
  }

  async #call<K extends Operation>(
    operation: K,
    request: Operations[K]['request'],
  ): Promise<Operations[K]['response']> {
    if (this.#ended) throw this.#ended;
    const id = this.#nextId++;
    // A failure to send means that the process is gone; its end rejects the call.
    this.#child.send({ operation, id, ...request }, () => undefined);
    return this.#expect(id) as Promise<Operations[K]['response']>;
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #settle(reply: Reply): void {
    const id = reply.kind === 'ready' ? READY : reply.id;
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (reply.kind === 'error') {
      call?.reject(new LayersenseError(reply.code, reply.message, reply.context));
    } else {
      call?.resolve(reply.kind === 'result' ? reply.result : undefined);
    }
  }

  /** Rejects what is under way. The first reason is the true one; later ones follow from it. */
  #end(reason: LayersenseError): void {
    this.#ended ??= reason;
    for (const call of this.#pending.values()) call.reject(this.#ended);
    this.#pending.clear();
  }
}

function canceled(): LayersenseError {
  return new LayersenseError('canceled', 'The computation was canceled.');
}
