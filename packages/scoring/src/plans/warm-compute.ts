import { createHash } from 'node:crypto';
import {
  type ComputeProcess,
  type Session,
  type SessionOptions,
  startComputeProcess,
} from '@layersense/runtime';

/** What a job needs of its compute process. */
export interface ComputeNeeds {
  /** Aborting it kills the process. */
  readonly signal: AbortSignal;
  /** How much larger than a new one the process may be. */
  readonly spareBytes: number;
  /** The process is killed when it is silent for so long while a call waits; never by default. */
  readonly stallMs?: number | undefined;
}

/** A compute process while a job has it. `close` ends that, and perhaps the process. */
export interface JobCompute extends ComputeProcess {
  /**
   * Like `openSession`, or a session that was released before: of the same model and options, over
   * the same `weights`.
   */
  reuseSession(model: Uint8Array, options: SessionOptions, weights: string): Promise<Session>;
}

/** Where jobs get their compute processes from. */
export interface ComputeSource {
  /** @throws LayersenseError `canceled`, `compute_process_died` */
  start(needs: ComputeNeeds): Promise<JobCompute>;
}

/** A new process for every job. */
export const newCompute: ComputeSource = {
  start: async ({ signal, stallMs }) => {
    const compute = await startComputeProcess({ signal, stallMs });
    return { ...compute, reuseSession: compute.openSession };
  },
};

/** An idle process gives its memory back after this time. */
const IDLE_MS = 5 * 60_000;

/**
 * One process for one job after the other. It is replaced when it has died, when a job was aborted,
 * when it has grown by more than the next job can spare, and wherever its peak memory cannot be
 * measured anew for every job.
 */
export class WarmCompute implements ComputeSource {
  #idle: WarmProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param onLookup hears of each session to reuse whether the process has it */
  constructor(private readonly onLookup: (found: boolean) => void = () => undefined) {}

  async start({ signal, spareBytes, stallMs }: ComputeNeeds): Promise<JobCompute> {
    const process =
      (await this.#takeIdle(spareBytes)) ?? (await startProcess(stallMs, this.onLookup));
    const { compute } = process;
    const kill = () => compute.kill();
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    return {
      ...compute,
      openSession: (model, options) => process.open(model, options),
      reuseSession: (model, options, weights) => process.reuse(model, options, weights, spareBytes),
      close: async () => {
        signal.removeEventListener('abort', kill);
        if (signal.aborted || this.#stopped || !(await process.end())) await compute.close();
        else this.#keep(process);
      },
    };
  }

  /** Ends the idle process; one that a job has ends with the job. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#take()?.compute.close();
  }

  async #takeIdle(spareBytes: number): Promise<WarmProcess | undefined> {
    const process = this.#take();
    if (!process || (await process.begin(spareBytes))) return process;
    await process.compute.close();
    return undefined;
  }

  #take(): WarmProcess | undefined {
    const process = this.#idle;
    this.#idle = undefined;
    clearTimeout(this.#timer);
    return process;
  }

  #keep(process: WarmProcess): void {
    this.#idle = process;
    this.#timer = setTimeout(() => void this.#take()?.compute.close(), IDLE_MS).unref();
  }
}

async function startProcess(
  stallMs: number | undefined,
  onLookup: (found: boolean) => void,
): Promise<WarmProcess> {
  const compute = await startComputeProcess({ stallMs });
  const { rssBytes } = await compute.stats();
  return new WarmProcess(compute, rssBytes, onLookup);
}

/** A process with the sessions that it has open. */
class WarmProcess {
  /** The sessions by what they compute, the least recently used first. */
  readonly #reusable = new Map<string, { readonly session: Session; inUse: boolean }>();
  readonly #others = new Set<Session>();

  constructor(
    readonly compute: ComputeProcess,
    private readonly bytesAtStart: number,
    private readonly onLookup: (found: boolean) => void,
  ) {}

  async open(model: Uint8Array, options: SessionOptions): Promise<Session> {
    const session = await this.compute.openSession(model, options);
    this.#others.add(session);
    const release = async () => {
      this.#others.delete(session);
      await session.release();
    };
    return { ...session, release };
  }

  async reuse(
    model: Uint8Array,
    options: SessionOptions,
    weights: string,
    spareBytes: number,
  ): Promise<Session> {
    const graph = createHash('sha256').update(model).digest('hex');
    const key = JSON.stringify([graph, options, weights]);
    const known = this.#reusable.get(key);
    this.onLookup(known !== undefined);
    const session = known?.session ?? (await this.compute.openSession(model, options));
    const entry = { session, inUse: true };
    this.#reusable.delete(key);
    this.#reusable.set(key, entry);
    const release = async () => {
      entry.inUse = false;
      await this.shrinkTo(spareBytes);
    };
    return { ...session, release };
  }

  /** Releases idle sessions until the process has grown by `bytes` at most. False where it has not. */
  async shrinkTo(bytes: number): Promise<boolean> {
    for (;;) {
      const { rssBytes } = await this.compute.stats();
      if (rssBytes - this.bytesAtStart <= bytes) return true;
      if (!(await this.#releaseOldest())) return false;
    }
  }

  /** Readies the process for a job that can spare so much. False where another process is needed. */
  async begin(spareBytes: number): Promise<boolean> {
    try {
      if (!(await this.shrinkTo(spareBytes))) return false;
      // Where the peak cannot be reset it is that of all jobs so far.
      return (await this.compute.stats({ resetPeak: true })).peakWasReset;
    } catch {
      // It has died since the last job.
      return false;
    }
  }

  /** Leaves nothing of a job but sessions to reuse. False where the process is dead. */
  async end(): Promise<boolean> {
    try {
      for (const session of this.#others) await session.release();
      this.#others.clear();
      for (const entry of this.#reusable.values()) entry.inUse = false;
      await this.compute.resetStore({ memoryBytes: 0 });
      return true;
    } catch {
      return false;
    }
  }

  async #releaseOldest(): Promise<boolean> {
    for (const [key, { session, inUse }] of this.#reusable) {
      if (inUse) continue;
      this.#reusable.delete(key);
      await session.release();
      return true;
    }
    return false;
  }
}
