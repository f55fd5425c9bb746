import { canonicalJson, LayersenseError } from '@layersense/contracts';
import { meanOverDraws, withZeroNorms } from '@layersense/runs';
import type { ComputeFacts } from '../../compute-facts.js';
import { pendingBatches, tokensOf } from '../../examples/pending-batches.js';
import { type Shard, shardPositions } from '../../examples/shard-positions.js';
import { assertFiniteWeights } from '../../model/assert-finite-weights.js';
import type { PlanChoice } from '../../plans/choose-plan.js';
import { type RunningPlan, startPlan } from '../../plans/start-plan.js';
import type { FisherWork } from './fisher-work.js';

/**
 * Computes what the accumulator lacks of the given rounds, storing every batch as it comes.
 * Undefined where it lacked nothing.
 *
 * @param shard the part of the examples to compute; all where absent
 * @throws LayersenseError those of `startPlan`, of the computation and of `assertFiniteWeights`; `canceled`
 */
export async function computeFisher(
  work: FisherWork,
  rounds: Iterable<readonly number[]>,
  shard?: Shard,
): Promise<ComputeFacts | undefined> {
  const { job, accumulator } = work;
  await job.progress.begin('building');
  const computation = new FisherComputation(work, shard);
  const complete = computation.mine.every((position) => accumulator.has(position));
  if (!complete) await computation.start();
  try {
    await job.progress.begin('computing', computation.count());
    for (const round of rounds) if (!complete) await computation.compute(round);
    return await computation.facts();
  } catch (error) {
    await assertFiniteWeights(job, error);
    throw error;
  } finally {
    await computation.close();
  }
}

class FisherComputation {
  /** Positions of the examples that are this computation's to compute. */
  readonly mine: readonly number[];
  readonly #isMine: ReadonlySet<number>;
  #plan: RunningPlan | undefined;
  #isSmaller = false;
  /** The share of the work on all examples that the round is. */
  #roundShare = 1;

  constructor(
    private readonly work: FisherWork,
    private readonly shard: Shard | undefined,
  ) {
    const { set, spec, reused } = work;
    const missing = set.examples.map((_, i) => i).filter((i) => !reused.examples.has(i));
    this.mine = shard ? shardPositions(set, missing, spec, shard) : missing;
    this.#isMine = new Set(this.mine);
  }

  /** @param exhausted the choice that ran out of memory, where this is the second start */
  async start(exhausted?: PlanChoice): Promise<void> {
    const { job, key, set, spec, intended } = this.work;
    this.#plan = await startPlan(
      {
        set,
        exhausted,
        marginals: this.work.marginals !== undefined,
        model: job.architecture(),
        checkpoint: job.checkpoint,
        params: spec.params,
        device: spec.device,
        threads: job.services.threads,
        stallMs: job.services.stallMs,
        datasetRows: intended.dataset.indices,
        onStep: (layer, share) =>
          job.progress.advance(this.count(), share * this.#roundShare, layer),
        onResumed: (share) => job.progress.skip(share * this.#roundShare),
        identity: key.identity,
        weights: canonicalJson(job.model.files),
        compute: job.services.compute,
        spillFolder: job.services.spillFolder,
      },
      job.signal,
    );
  }

  /** How many examples are known. A shard counts its own alone, of those of all shards. */
  count(): { done: number; total: number } {
    const { set, accumulator, reused } = this.work;
    const total = set.examples.length;
    if (!this.shard) return { done: accumulator.done, total };
    const done = this.mine.filter((position) => accumulator.has(position)).length;
    return { done, total: total - reused.examples.size };
  }

  /**
   * Computes what is missing of a round. Where memory runs out, once, a smaller plan computes what
   * is left: finished batches are finished.
   */
  async compute(round: readonly number[]): Promise<void> {
    const choice = this.#plan?.choice;
    try {
      await this.#compute(round);
    } catch (error) {
      if (!choice || this.#isSmaller || !isOutOfMemory(error)) throw error;
      await this.#startSmaller(choice, error);
      await this.#compute(round);
    }
  }

  async #startSmaller(exhausted: PlanChoice, cause: LayersenseError): Promise<void> {
    const { services, signal } = this.work.job;
    // A cancel kills the compute process as a lack of memory does.
    signal.throwIfAborted();
    this.#isSmaller = true;
    await this.close();
    await this.start(exhausted).catch((error: unknown) => {
      // No plan needs less, so what ran out of memory is what there is to say.
      throw isOutOfMemory(error) ? cause : error;
    });
    const { name: to, reason } = this.#plan?.choice ?? exhausted;
    await services.onSmallerPlan?.({ from: exhausted.name, to, reason });
  }

  async #compute(round: readonly number[]): Promise<void> {
    const { job, set, spec, calibration, accumulator, key, scored, reused, marginals } = this.work;
    const unused = [...scored.keys()].filter((name) => scored.get(name)?.unused);
    const plan = this.#plan;
    if (!plan) return;
    const planned = round.filter((position) => !reused.examples.has(position));
    const wanted = planned.filter((position) => this.#isMine.has(position));
    this.#roundShare = tokensOf(set, wanted) / set.tokens;
    const { padId } = calibration;
    const { loss } = spec.params;
    const batches = { params: spec.params, tokenBudget: plan.choice.tokenBudget, loss, padId };
    const pending = pendingBatches(set, { planned, wanted }, accumulator, batches);
    for await (const computed of meanOverDraws(plan.run(pending), spec.params.draws ?? 1)) {
      const statistics = withZeroNorms(computed, unused);
      accumulator.add(statistics);
      marginals?.sums.add(statistics);
      await job.services.finishedBatches.append(key, statistics);
      await marginals?.save();
      const tokens = tokensOf(set, statistics.examples);
      job.services.onBatch?.({ examples: statistics.examples.length, tokens });
      // A streamed plan has told of its work already.
      const share = plan.choice.name === 'streamed' ? 0 : tokens / set.tokens;
      await job.progress.advance(this.count(), share);
    }
  }

  async facts(): Promise<ComputeFacts | undefined> {
    const plan = this.#plan;
    if (!plan) return undefined;
    return {
      device: plan.device ?? null,
      plan: plan.choice.name,
      plan_reason: plan.choice.reason,
      estimated_memory_bytes: Math.ceil(plan.choice.estimatedBytes),
      peak_memory_bytes: await plan.peakMemoryBytes(),
      arithmetic: plan.arithmetic,
      onnxruntime: plan.onnxRuntime,
    };
  }

  async close(): Promise<void> {
    await this.#plan?.close();
  }
}

function isOutOfMemory(error: unknown): error is LayersenseError {
  return error instanceof LayersenseError && error.code === 'out_of_memory';
}
