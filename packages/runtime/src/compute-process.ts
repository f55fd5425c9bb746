import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts/error-codes';
import { ComputeChannel } from './compute-channel.js';
import type { ProcessExit } from './explain-exit.js';
import type { ProcessStats, RuntimeInfo } from './protocol.js';
import { type Session, sessionOver } from './session.js';
import type { SessionOptions } from './session-options.js';
import type { DurableTensor, TensorStoreLimits } from './tensor-store.js';

/** A process that runs graphs. It stays warm between jobs; cancelling one means killing it. */
export interface ComputeProcess {
  readonly pid: number;
  readonly runtime: RuntimeInfo;
  /**
   * Loads an encoded ONNX model.
   *
   * @throws LayersenseError `device_unavailable`, `checkpoint_missing`, `checkpoint_invalid`,
   *   `out_of_memory`, `compute_failed`, or what ended the process.
   */
  openSession(model: Uint8Array, options: SessionOptions): Promise<Session>;
  /** Frees stored tensors; unknown keys are ignored. */
  forget(keys: readonly string[]): Promise<void>;
  /**
   * Forgets what is stored, and says where stored tensors go from now on and how many may stay in
   * memory. By default all stay.
   */
  resetStore(limits: TensorStoreLimits): Promise<void>;
  /** Stores what another process has left in the store's folder; the keys of what is intact. */
  adopt(tensors: readonly DurableTensor[]): Promise<readonly string[]>;
  /** Resident memory now and at its highest; waits for a run in progress. */
  stats(options?: { readonly resetPeak?: boolean }): Promise<ProcessStats>;
  /** Kills the process, which has nothing to save, and waits until it is gone. */
  close(): Promise<void>;
  /** Ends the process at once, whatever it does; calls under way are rejected with `canceled`. */
  kill(): void;
  /** How the process ended; never rejected. */
  readonly exited: Promise<ProcessExit>;
}

export interface ComputeProcessOptions {
  /** Aborting it kills the process, then or at any later time. */
  readonly signal?: AbortSignal;
  /** Environment variables beside this process's own, e.g. where a driver lies. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The process is killed when a call waits for its answer for so long; never by default. */
  readonly stallMs?: number | undefined;
}

/**
 * Starts a compute process and waits until it can take calls.
 *
 * @throws LayersenseError `canceled`, `compute_process_died`, `compute_stalled`.
 */
export async function startComputeProcess(
  options: ComputeProcessOptions = {},
): Promise<ComputeProcess> {
  const { signal, environment = {}, stallMs } = options;
  if (signal?.aborted) throw canceled();
  const channel = new ComputeChannel(forkChild(environment), stallMs);
  const { pid, exited } = channel;
  const kill = () => channel.kill(canceled());
  signal?.addEventListener('abort', kill);
  void exited.then(() => signal?.removeEventListener('abort', kill));
  return {
    pid,
    exited,
    kill,
    runtime: await channel.ready,
    openSession: async (model, sessionOptions) =>
      sessionOver(channel, await channel.call('open', { model, options: sessionOptions })),
    forget: async (keys) => void (await channel.call('forget', { keys })),
    resetStore: async (limits) => void (await channel.call('resetStore', { limits })),
    adopt: (tensors) => channel.call('adopt', { tensors }),
    stats: ({ resetPeak = false } = {}) => channel.call('stats', { resetPeak }),
    close: async () => {
      kill();
      await exited;
    },
  };
}

/** Works from src and from dist: both lie beside each other. */
const CHILD = fileURLToPath(new URL('../dist/compute-child.js', import.meta.url));

function forkChild(environment: Readonly<Record<string, string>>): ChildProcess {
  return fork(CHILD, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Tensors are large and few: the child collects them itself, see collect-garbage.ts. The rest of
    // its heap is small, and would be three times as large before it is first collected.
    execArgv: ['--expose-gc', '--max-semi-space-size=1', '--optimize-for-size'],
    env: {
      ...process.env,
      ...environment,
      // TF32 would make float32 products on an NVIDIA device wrong in the third digit.
      NVIDIA_TF32_OVERRIDE: '0',
      ...returnLargeBlocks(),
      // Otherwise ONNX Runtime reports to Microsoft, and leaves its files in the temporary folder.
      ORT_DISABLE_TELEMETRY: '1',
    },
  });
}

/**
 * Has glibc give every block of 4 MiB back when it is freed. Left to itself it raises the size from
 * which it does so to that of the largest block so far, and keeps hundreds of megabytes that no
 * tensor lies in. Giving smaller ones back too costs more time, in page faults, than it saves memory.
 */
function returnLargeBlocks(): Readonly<Record<string, string>> {
  const { GLIBC_TUNABLES: own } = process.env;
  const threshold = 'glibc.malloc.mmap_threshold=4190208';
  return { GLIBC_TUNABLES: own === undefined ? threshold : `${threshold}:${own}` };
}

function canceled(): LayersenseError {
  return new LayersenseError('canceled', 'The computation was canceled.');
}
