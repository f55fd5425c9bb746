import type { BatchShape } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import type { Graph } from '@layersense/onnx-ir';
import type { BatchStatistics } from '@layersense/runs';
import type { ComputeProcess, RunResult, Session } from '@layersense/runtime';
import type { DrawnBatch } from '../examples/pending-batches.js';
import { batchFeeds, feedsOf } from './batch-feeds.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { layersOf } from './layers-of.js';
import { openSession } from './open-session.js';
import {
  batchStatistics,
  complete,
  keptBy,
  nameOf,
  newPass,
  type Pass,
  PassKeys,
  type Step,
  spentBy,
  statisticsIn,
  stepsOf,
  storeKey,
  workOf,
} from './pass.js';
import { marginalsIn, passMarginals } from './pass-marginals.js';
import { SessionPool } from './session-pool.js';
import type { ShapeGraphs } from './shape-graphs.js';
import type { Spill } from './spill.js';
import {
  type FinishedStep,
  latestIntact,
  livingTensors,
  type StepJournal,
} from './step-journal.js';
import { StepMarginals } from './step-marginals.js';

/**
 * The model in segments, one of which computes at a time; what crosses between them stays in the
 * compute process. Two orders of the same steps:
 *
 * - `checkpointed`: every batch goes through all segments and back before the next one. Activations
 *   of one segment live at a time; all weights stay mapped.
 * - `streamed`: every segment sees all batches before the next one opens. Weights of one segment are
 *   resident at a time, whatever the depth; the tensors between segments, one per batch, may lie on
 *   disk. With a journal, a run that was interrupted goes on after its last finished step.
 */
export class SegmentedPlan implements FisherPlan {
  #device: Device | undefined;
  #resumed = 0;
  private readonly journal: StepJournal | undefined;
  readonly #sessions = new SessionPool((graph) => this.#open(graph));
  readonly #marginals: StepMarginals;

  /** @param spill where a streamed run leaves what memory does not hold */
  constructor(
    private readonly compute: ComputeProcess,
    private readonly options: FisherPlanOptions,
    private readonly graphs: ShapeGraphs,
    readonly name: 'checkpointed' | 'streamed',
    spill: Pick<Spill, 'folder' | 'journal'>,
  ) {
    const isStreamed = name === 'streamed';
    this.journal = isStreamed ? spill.journal : undefined;
    this.#marginals = new StepMarginals(isStreamed ? spill.folder : undefined);
  }

  get device(): Device | undefined {
    return this.#device;
  }

  get resumption(): string | undefined {
    return this.#resumed === 0 ? undefined : `went on after ${this.#resumed} finished steps`;
  }

  async *run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics> {
    if (this.name === 'checkpointed') {
      let before: DrawnBatch | undefined;
      for (const batch of batches) {
        if (before && !sameShape(before, batch)) await this.#leaveShape(before);
        before = batch;
        yield* this.#throughAll([batch]);
      }
    } else yield* this.#throughAll([...batches]);
    await this.#sessions.clear();
  }

  /** All steps of these batches, but for those that an earlier attempt has finished. */
  async *#throughAll(batches: readonly DrawnBatch[]): AsyncGenerator<BatchStatistics> {
    const passes = this.#passesOf(batches);
    const steps = stepsOf(passes);
    const work = steps.reduce((sum, step) => sum + workOf(step), 0);
    const resumed = await this.#resume(steps, work);
    let finished = 0;
    for (const [i, step] of steps.entries()) {
      if (i < resumed) continue;
      await this.options.onStep(layersOf(step.segment.norms.keys()), finished);
      await this.#perform(step);
      if (this.name !== 'streamed') continue;
      // A streamed segment is not met again before all others were: its weights need not stay.
      if (!sameSegment(step, steps[i + 1])) await this.#sessions.clear();
      finished = workOf(step) / work;
    }
    if (finished > 0) await this.options.onStep(null, finished);
    for (const pass of passes) {
      const marginals = this.options.marginals && (await passMarginals(pass, this.#marginals));
      yield { ...batchStatistics(pass), ...(marginals && { marginals }) };
    }
    // Not before whoever takes the batches has all of them: an attempt that is interrupted in between
    // reads those of the others again.
    await this.#marginals.clear();
  }

  #passesOf(batches: readonly DrawnBatch[]): readonly Pass[] {
    const { datasetRows, params, identity } = this.options;
    const keys = new PassKeys({ identity, onnxRuntime: this.compute.runtime.onnxRuntime });
    return batches.map((batch, i) => {
      const segments = this.graphs.segments(batch);
      const key = this.journal ? keys.of(batch, segments) : String(i);
      return newPass(batch, key, segments, batchFeeds(batch, datasetRows, params));
    });
  }

  /** Completes the steps that an earlier attempt has finished, and says how many they are. */
  async #resume(steps: readonly Step[], work: number): Promise<number> {
    const finished = await this.#takeOver(steps);
    let done = 0;
    for (const [i, { spent, statistics }] of finished.entries()) {
      const step = steps[i];
      if (!step) break;
      complete(step, spent, statistics);
      done += workOf(step);
    }
    this.#resumed += finished.length;
    if (done > 0) this.options.onResumed(done / work);
    return finished.length;
  }

  /** What the journal has of these steps, as far as the tensors that they have left are intact. */
  async #takeOver(steps: readonly Step[]): Promise<readonly FinishedStep[]> {
    const { journal, compute } = this;
    if (!journal) return [];
    const known = await this.#withMarginals(journal.finished(steps.map(nameOf)));
    const intact: string[] = [];
    // One call per step: each reads and hashes its files, and no call should take long.
    for (const { kept } of known) intact.push(...(await compute.adopt(kept)));
    const latest = latestIntact(known, new Set(intact));
    const finished = (await this.#isOnDeviceOf(latest.at(-1), steps[latest.length])) ? latest : [];
    const living = new Set(livingTensors(finished).map(({ key }) => key));
    await compute.forget(intact.filter((key) => !living.has(key)));
    await journal.rewrite(finished);
    return finished;
  }

  /** The steps up to the first whose marginals are not as they were written. */
  async #withMarginals(steps: readonly FinishedStep[]): Promise<readonly FinishedStep[]> {
    for (const [i, { step, marginals }] of steps.entries()) {
      if (marginals === undefined || (await this.#marginals.adopt(step, marginals))) continue;
      return steps.slice(0, i);
    }
    return steps;
  }

  /** Values of two devices differ in their last digits, and a run has one device. */
  async #isOnDeviceOf(last: FinishedStep | undefined, next: Step | undefined): Promise<boolean> {
    this.#device = last?.device;
    return !last || !next || (await this.#sessions.get(next.graph)).device === last.device;
  }

  async #perform(step: Step): Promise<void> {
    const session = await this.#sessions.get(step.graph);
    const { outputs, kept } = await this.#runGraph(session, step);
    const statistics = statisticsIn(step, outputs);
    const spent = spentBy(step);
    const { device } = session;
    const found = marginalsIn(step, outputs);
    const marginals = found && (await this.#marginals.keep(nameOf(step), found));
    await this.journal?.append({ step: nameOf(step), device, kept, spent, statistics, marginals });
    complete(step, spent, statistics);
    // Not before the journal has the step: whoever resumes without it takes them again.
    await this.compute.forget(spent);
  }

  #runGraph(session: Session, step: Step): Promise<RunResult> {
    const { pass } = step;
    const stored = session.inputs
      .filter((name) => !(name in pass.feeds))
      .map((name) => [name, storeKey(pass, name)] as const);
    return session.run(feedsOf(session, pass.feeds), {
      stored: Object.fromEntries(stored),
      keep: keptBy(step),
    });
  }

  /** Batches of one shape follow each other: the graphs of the shape before are not met again. */
  async #leaveShape(shape: BatchShape): Promise<void> {
    this.graphs.forget(shape);
    await this.#sessions.clear();
  }

  async #open(graph: Graph): Promise<Session> {
    const session = await openSession(this.compute, graph, this.options);
    this.#device = session.device;
    return session;
  }
}

function sameShape(a: BatchShape, b: BatchShape): boolean {
  return a.batch === b.batch && a.length === b.length;
}

function sameSegment(a: Step, b: Step | undefined): boolean {
  return a.index === b?.index && a.direction === b.direction;
}
