import type { BatchShape } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import type { Graph } from '@layersense/onnx-ir';
import type { ComputeProcess, RunOptions, Session, Tensors } from '@layersense/runtime';
import type { BatchStatistics, SegmentGraphs } from '@layersense/sensitivity';
import type { DrawnBatch } from '../pending-batches.js';
import { batchFeeds, routedTokensOf, statisticOf } from './batch-feeds.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { openSession } from './open-session.js';
import type { ShapeGraphs } from './shape-graphs.js';

/** A backward graph against a forward graph: forward again, two products for one, and the norms. */
const BACKWARD_WORK = 3.5;

/**
 * The model in segments, one of which computes at a time; what crosses between them stays in the
 * compute process. Two orders of the same steps:
 *
 * - `checkpointed`: every batch goes through all segments and back before the next one. Activations
 *   of one segment live at a time; all weights stay mapped.
 * - `streamed`: every segment sees all batches before the next one opens. Weights of one segment are
 *   resident at a time, whatever the depth; the tensors between segments, one per batch, may lie on
 *   disk.
 */
export class SegmentedPlan implements FisherPlan {
  #device: Device | undefined;
  readonly #sessions = new SessionPool((graph) => this.#open(graph));

  constructor(
    private readonly compute: ComputeProcess,
    private readonly options: FisherPlanOptions,
    private readonly graphs: ShapeGraphs,
    readonly name: 'checkpointed' | 'streamed',
  ) {}

  get device(): Device | undefined {
    return this.#device;
  }

  async *run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics> {
    if (this.name === 'checkpointed') {
      let before: DrawnBatch | undefined;
      for (const batch of batches) {
        if (before && !sameShape(before, batch)) await this.#leaveShape(before);
        before = batch;
        yield* await this.#throughAll([batch]);
      }
    } else yield* await this.#throughAll([...batches]);
    await this.#sessions.clear();
  }

  /** All segments forwards, then backwards, each over all `batches`. */
  async #throughAll(batches: readonly DrawnBatch[]): Promise<BatchStatistics[]> {
    const passes = batches.map((batch, i) => this.#prepare(batch, i));
    const segments = Math.max(0, ...passes.map((pass) => pass.segments.length));
    const work = segments - 1 + BACKWARD_WORK * segments;
    for (let i = 0; i < segments - 1; i++) {
      for (const pass of passes) await this.#forward(pass, i);
      await this.#leaveSegment(1 / work);
    }
    for (let i = segments - 1; i >= 0; i--) {
      for (const pass of passes) await this.#backward(pass, i);
      await this.#leaveSegment(BACKWARD_WORK / work);
    }
    await this.compute.forget(passes.flatMap((pass) => [...pass.stored]));
    return passes.map(({ batch, losses, norms, routedTokens }) => ({
      examples: batch.examplePositions,
      losses,
      squaredNorms: norms,
      routedTokens,
    }));
  }

  #prepare(batch: DrawnBatch, index: number): Pass {
    const { datasetRows, params } = this.options;
    const segments = this.graphs.segments(batch);
    const parameters = segments.flatMap(({ norms }) => [...norms.keys()]);
    return {
      batch,
      prefix: `${index}/`,
      segments,
      feeds: batchFeeds(batch, datasetRows, params),
      stored: new Set(),
      losses: new Float64Array(),
      // In the order of the model, although the last segment comes first.
      norms: new Map(parameters.map((name) => [name, new Float64Array(batch.batch)])),
      routedTokens: new Map(),
    };
  }

  /** Batches of one shape follow each other: the graphs of the shape before are not met again. */
  async #leaveShape(shape: BatchShape): Promise<void> {
    this.graphs.forget(shape);
    await this.#sessions.clear();
  }

  async #forward(pass: Pass, i: number): Promise<void> {
    const segment = pass.segments[i];
    if (!segment?.forward) return;
    await this.#step(pass, segment.forward, [[segment.end, segment.end]]);
  }

  async #backward(pass: Pass, i: number): Promise<void> {
    const segment = pass.segments[i];
    if (!segment) return;
    const before = pass.segments[i - 1];
    const outputs = await this.#step(pass, segment.backward, [
      ...segment.carried.map((name) => [name, name] as const),
      ...(segment.startCotangent && before?.endCotangent
        ? [[segment.startCotangent, before.endCotangent] as const]
        : []),
    ]);
    if (segment.losses) pass.losses = statisticOf(outputs[segment.losses]);
    for (const [name, output] of segment.norms) {
      // Parts of a parameter that several segments use are added in float64.
      const part = statisticOf(outputs[output]);
      const sum = pass.norms.get(name);
      part.forEach((value, row) => {
        if (sum) sum[row] = (sum[row] ?? 0) + value;
      });
    }
    for (const [name, counts] of routedTokensOf(outputs, segment.routedTokens)) {
      pass.routedTokens.set(name, counts);
    }
    const spent = [segment.start, segment.endCotangent].flatMap((name) =>
      name === undefined ? [] : [pass.prefix + name],
    );
    for (const key of spent) pass.stored.delete(key);
    await this.compute.forget(spent);
  }

  /** Runs one graph of a pass. `keep` pairs an output with the input it becomes elsewhere. */
  async #step(
    pass: Pass,
    graph: Graph,
    keep: readonly (readonly [output: string, input: string])[],
  ): Promise<Tensors> {
    const session = await this.#sessions.get(graph);
    const feeds = session.inputs.filter((name) => name in pass.feeds);
    const stored = session.inputs.filter((name) => !(name in pass.feeds));
    const run: RunOptions = {
      stored: Object.fromEntries(stored.map((name) => [name, pass.prefix + name])),
      keep: Object.fromEntries(keep.map(([output, input]) => [output, pass.prefix + input])),
    };
    for (const [, input] of keep) pass.stored.add(pass.prefix + input);
    const given = feeds.flatMap((name) => {
      const tensor = pass.feeds[name];
      return tensor ? [[name, tensor] as const] : [];
    });
    const { outputs } = await session.run(Object.fromEntries(given), run);
    return outputs;
  }

  /** A streamed segment is not met again before all others were: its weights need not stay. */
  async #leaveSegment(share: number): Promise<void> {
    if (this.name !== 'streamed') return;
    await this.#sessions.clear();
    await this.options.onWork(share);
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

/** One batch on its way. */
interface Pass {
  readonly batch: DrawnBatch;
  /** Of the keys its tensors are stored under. */
  readonly prefix: string;
  readonly segments: readonly SegmentGraphs[];
  readonly feeds: Tensors;
  readonly stored: Set<string>;
  losses: Float32Array | Float64Array;
  readonly norms: Map<string, Float64Array>;
  readonly routedTokens: Map<string, readonly number[]>;
}

/** Sessions by graph, opened when first needed. */
class SessionPool {
  readonly #sessions = new Map<Graph, Session>();

  constructor(private readonly open: (graph: Graph) => Promise<Session>) {}

  async get(graph: Graph): Promise<Session> {
    const known = this.#sessions.get(graph);
    if (known) return known;
    const session = await this.open(graph);
    this.#sessions.set(graph, session);
    return session;
  }

  async clear(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await session.release();
  }
}
