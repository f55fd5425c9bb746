import { LayersenseError } from '@layersense/contracts';
import { packDamage } from '@layersense/runs';
import type { ComputeFacts } from '../../compute-facts.js';
import type { BatchDamage } from '../../damage/batch-damage.js';
import { type RunningDamage, startDamage } from '../../damage/start-damage.js';
import { tokensOf } from '../../examples/pending-batches.js';
import { type Shard, shardPositions } from '../../examples/shard-positions.js';
import { assertFiniteWeights } from '../../model/assert-finite-weights.js';
import type { PlanChoice } from '../../plans/choose-plan.js';
import type { MeasureWork } from './measure-work.js';

/**
 * Measures what is not known yet, keeping every batch as it comes. Undefined where all was known.
 *
 * @param shard the part of the examples to measure on; all where absent
 * @throws LayersenseError those of `startDamage`, of the computation and of `assertFiniteWeights`; `canceled`
 */
export async function computeMeasure(
  work: MeasureWork,
  shard?: Shard,
): Promise<ComputeFacts | undefined> {
  const { job } = work;
  await job.progress.begin('building');
  const computation = new MeasureComputation(work, shard);
  try {
    return await computation.run();
  } catch (error) {
    await assertFiniteWeights(job, error);
    throw error;
  } finally {
    await computation.close();
  }
}

class MeasureComputation {
  /** Positions of the examples that are this computation's to measure on. */
  readonly #mine: readonly number[];
  #running: RunningDamage | undefined;

  constructor(
    private readonly work: MeasureWork,
    private readonly shard: Shard | undefined,
  ) {
    const { calibration, spec } = work;
    const all = calibration.set.examples.map((_, position) => position);
    this.#mine = shard ? shardPositions(calibration.set, all, spec, shard) : all;
  }

  async run(): Promise<ComputeFacts | undefined> {
    const { job, measured, damage } = this.work;
    const numbers = measured.variants.map((_, number) => number);
    const complete = numbers.every((number) => this.#mine.every((i) => damage.has(number, i)));
    if (complete) {
      await job.progress.begin('computing', this.#count());
      return undefined;
    }
    try {
      await this.#measure();
    } catch (error) {
      const exhausted = this.#running?.choice;
      if (!exhausted || !isOutOfMemory(error)) throw error;
      await this.#measureInLess(exhausted, error);
    }
    return await this.#facts();
  }

  async close(): Promise<void> {
    await this.#running?.close();
  }

  /** Once, where memory runs out, a smaller plan measures what is left. */
  async #measureInLess(exhausted: PlanChoice, cause: LayersenseError): Promise<void> {
    const { services, signal } = this.work.job;
    // A cancel kills the compute process as a lack of memory does.
    signal.throwIfAborted();
    await this.close();
    const start = this.#start(exhausted);
    this.#running = undefined;
    this.#running = await start.catch((error: unknown) => {
      // No plan needs less, so what ran out of memory is what there is to say.
      throw isOutOfMemory(error) ? cause : error;
    });
    const { name: to, reason } = this.#running.choice;
    await services.onSmallerPlan?.({ from: exhausted.name, to, reason });
    await this.#consume(this.#running);
  }

  async #measure(): Promise<void> {
    this.#running = await this.#start();
    await this.#consume(this.#running);
  }

  #start(exhausted?: PlanChoice): Promise<RunningDamage> {
    const { job, spec, measured, calibration, loss, damage } = this.work;
    const { threads, stallMs, compute, spillFolder } = job.services;
    return startDamage(
      {
        model: job.architecture(),
        checkpoint: job.checkpoint,
        device: spec.device,
        variants: measured.variants,
        set: calibration.set,
        examples: this.#mine,
        params: spec.params,
        loss,
        padId: calibration.padId,
        exhausted,
        threads,
        stallMs,
        compute,
        spillFolder,
        isKnown: (variant, { examplePositions }) =>
          examplePositions.every((example) => damage.has(variant, example)),
        onStep: (what, share) => job.progress.advance(this.#count(), share, what),
      },
      job.signal,
    );
  }

  async #consume(running: RunningDamage): Promise<void> {
    const { job } = this.work;
    await job.progress.begin('computing', this.#count());
    for await (const batch of running.run()) await this.#keep(batch);
  }

  async #keep({ variant, examples, damage: found }: BatchDamage): Promise<void> {
    const { job, damage, identity, calibration } = this.work;
    const { services } = job;
    damage.add(variant, examples, found);
    const values = { of: String(variant), positions: examples, values: packDamage(found) };
    await services.finishedBatches.appendValues(identity, values);
    const tokens = tokensOf(calibration.set, examples);
    services.onBatch?.({ examples: examples.length, tokens });
    await job.progress.advance(this.#count(), 0);
  }

  /** Examples, once for every variant. A shard counts its own alone, of those of all shards. */
  #count(): { done: number; total: number } {
    const { damage, measured } = this.work;
    const { done, total } = damage;
    if (!this.shard) return { done, total };
    const own = measured.variants.map(
      (_, number) => this.#mine.filter((example) => damage.has(number, example)).length,
    );
    return { done: own.reduce((sum, count) => sum + count, 0), total };
  }

  async #facts(): Promise<ComputeFacts | undefined> {
    const running = this.#running;
    if (!running) return undefined;
    const { choice, device, arithmetic, onnxRuntime } = running;
    return {
      device: device ?? null,
      plan: choice.name,
      plan_reason: choice.reason,
      estimated_memory_bytes: Math.ceil(choice.estimatedBytes),
      peak_memory_bytes: await running.peakMemoryBytes(),
      arithmetic,
      onnxruntime: onnxRuntime,
    };
  }
}

function isOutOfMemory(error: unknown): error is LayersenseError {
  return error instanceof LayersenseError && error.code === 'out_of_memory';
}
