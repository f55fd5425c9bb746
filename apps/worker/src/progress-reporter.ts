import type { Progress } from '@layersense/contracts';

type Phase = Progress['phase'];
type Count = Pick<Progress, 'done' | 'total'>;

/** Receives every progress update of a job, in order; a promise it returns is waited for. */
export type ProgressSink = (progress: Progress) => unknown;

/** Turns finished work into progress with an estimate of the time left in the phase. */
export class ProgressReporter {
  readonly #sink: ProgressSink;
  readonly #now: () => number;
  #phase: Phase = 'resolving';
  #startedAt = 0;
  /** Shares of the phase's whole work: finished since it began, and left then. */
  #finished = 0;
  #remaining = 1;

  constructor(sink: ProgressSink, now: () => number = Date.now) {
    this.#sink = sink;
    this.#now = now;
  }

  /** Enters a phase; `done` of its units may be behind already, from an earlier attempt. */
  async begin(phase: Phase, { done, total }: Count = { done: 0, total: 0 }): Promise<void> {
    this.#phase = phase;
    this.#startedAt = this.#now();
    this.#finished = 0;
    this.#remaining = total === 0 ? 1 : 1 - done / total;
    await this.#sink({ phase, done, total, eta_seconds: null });
  }

  /** A share of the phase's whole work was done before it began. */
  skip(share: number): void {
    this.#remaining -= share;
  }

  /**
   * Units have been finished, a `share` of the phase's whole work: units can differ in cost, as
   * long examples do from short ones.
   */
  async advance({ done, total }: Count, share: number): Promise<void> {
    this.#finished += share;
    const elapsed = (this.#now() - this.#startedAt) / 1000;
    const left = Math.max(0, this.#remaining - this.#finished);
    const eta = done === total ? 0 : (elapsed * left) / this.#finished;
    await this.#sink({ phase: this.#phase, done, total, eta_seconds: eta });
  }
}
