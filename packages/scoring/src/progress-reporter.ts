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
  #layer: string | null = null;
  /** When the phase was expected to end, in ms, as of the work last finished. */
  #endsAt: number | undefined;

  constructor(sink: ProgressSink, now: () => number = Date.now) {
    this.#sink = sink;
    this.#now = now;
  }

  /**
   * Enters a phase; `done` of its units may be behind already, from an earlier attempt.
   *
   * @param layer what it begins with, where that has a name
   */
  async begin(
    phase: Phase,
    { done, total }: Count = { done: 0, total: 0 },
    layer: string | null = null,
  ): Promise<void> {
    this.#phase = phase;
    this.#startedAt = this.#now();
    this.#finished = 0;
    this.#remaining = total === 0 ? 1 : 1 - done / total;
    this.#layer = layer;
    this.#endsAt = undefined;
    await this.#sink({ phase, done, total, layer, eta_seconds: null });
  }

  /** A share of the phase's whole work was done before it began. */
  skip(share: number): void {
    this.#remaining -= share;
  }

  /**
   * Units have been finished, a `share` of the phase's whole work: units can differ in cost, as
   * long examples do from short ones.
   *
   * @param layer what comes next; as before where absent
   */
  async advance({ done, total }: Count, share: number, layer = this.#layer): Promise<void> {
    const now = this.#now();
    this.#layer = layer;
    if (share > 0) {
      this.#finished += share;
      const left = Math.max(0, this.#remaining - this.#finished);
      this.#endsAt = now + ((now - this.#startedAt) * left) / this.#finished;
    }
    const complete = done === total;
    await this.#sink({
      phase: this.#phase,
      done,
      total,
      layer: complete ? null : layer,
      eta_seconds: complete ? 0 : this.#secondsUntilEnd(now),
    });
  }

  #secondsUntilEnd(now: number): number | null {
    return this.#endsAt === undefined ? null : Math.max(0, (this.#endsAt - now) / 1000);
  }
}
