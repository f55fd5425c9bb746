import { AsyncLocalStorage } from 'node:async_hooks';
import type { Progress } from '@layersense/contracts';
import { type ComputeCall, onComputeCall } from '@layersense/runtime';
import { type StartedSpan, startSpan } from '@layersense/telemetry';
import type { WorkerMetrics } from './worker-metrics.js';

type Phase = Progress['phase'];

/** The other calls only ask and tidy up. */
const WORK: ReadonlySet<string> = new Set(['open', 'run']);

const current = new AsyncLocalStorage<JobPhases>();

/**
 * Times the phases of one attempt. The first begins with the object and each next one where the last
 * ends, so their durations add up to that of the attempt.
 */
export class JobPhases {
  readonly #metrics: WorkerMetrics;
  readonly #method: string;
  #phase: Phase = 'resolving';
  #startedAt = Date.now();
  #span: StartedSpan;

  constructor(metrics: WorkerMetrics, method: string) {
    this.#metrics = metrics;
    this.#method = method;
    this.#span = startSpan(this.#phase, this.#startedAt);
  }

  /** Entering the phase it is in changes nothing. */
  enter(phase: Phase): void {
    if (phase === this.#phase) return;
    const now = this.end();
    this.#phase = phase;
    this.#startedAt = now;
    this.#span = startSpan(phase, now);
  }

  /** Ends the last phase. Returns when, in epoch milliseconds. */
  end(): number {
    const now = Date.now();
    this.#span.end(now);
    const labels = { method: this.#method, phase: this.#phase };
    this.#metrics.phaseSeconds.observe(labels, (now - this.#startedAt) / 1000);
    return now;
  }

  /** Does `work`, whose calls of the compute process belong to these phases. */
  during<T>(work: () => Promise<T>): Promise<T> {
    return current.run(this, work);
  }

  /** A call of the compute process, as a part of the phase it falls into. */
  recordCall({ operation, pid, startedAt, endedAt }: ComputeCall): void {
    this.#metrics.computeCalls.observe({ operation }, (endedAt - startedAt) / 1000);
    this.#span.record(`compute.${operation}`, { startedAt, endedAt }, { 'process.pid': pid });
  }
}

/** From now on the calls that do the work are recorded in the job that makes them. */
export function recordComputeCalls(): () => void {
  return onComputeCall((call) => {
    if (WORK.has(call.operation)) current.getStore()?.recordCall(call);
  });
}
