import type { Batch, BatchShape } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { type Graph, redirectWeights } from '@layersense/onnx-ir';
import type { ComputeProcess, Session } from '@layersense/runtime';
import type { ExampleDamage, ForwardSegment } from '@layersense/sensitivity';
import { batchFeeds, feedsOf } from '../plans/batch-feeds.js';
import { openSession } from '../plans/open-session.js';
import { comparisonFeeds, damageOf, type Reference, referenceOf } from './batch-damage.js';
import type { DamageGraphs, DamageGraphsByShape } from './damage-graphs.js';
import type { DamagePlanOptions } from './damage-plan.js';
import type { WeightOverlay } from './weight-overlay.js';

/** A model whose tensors are in the compute process: the original one, or a variant by its number. */
export type Owner = 'original' | number;

/** One batch, with a key that tells its tensors from those of others. */
export interface KeyedBatch {
  readonly key: number;
  readonly batch: Batch;
}

/** The steps that plans are made of. Tensors between steps stay in the compute process. */
export class ForwardPasses {
  #device: Device | undefined;

  constructor(
    private readonly compute: ComputeProcess,
    private readonly options: DamagePlanOptions,
    private readonly graphs: DamageGraphsByShape,
  ) {}

  get device(): Device | undefined {
    return this.#device;
  }

  graphsFor(shape: BatchShape): DamageGraphs {
    return this.graphs.get(shape);
  }

  /** Lets go of the graphs of all shapes. */
  forgetGraphs(): void {
    this.graphs.clear();
  }

  /** @param overlay in which the graph's weights lie, where they are not the checkpoint's own */
  async open(graph: Graph, overlay?: WeightOverlay): Promise<Session> {
    const redirected = overlay ? redirectWeights(graph, overlay.redirect) : graph;
    return await this.openAsIs(redirected, overlay);
  }

  /** Opens a graph that is redirected already. */
  async openAsIs(graph: Graph, overlay?: WeightOverlay): Promise<Session> {
    const checkpoint = overlay ?? this.options.checkpoint;
    const session = await openSession(this.compute, graph, { ...this.options, checkpoint });
    this.#device = session.device;
    return session;
  }

  /** Computes a segment's end from the start that `from` has, and stores it as `owner`'s. */
  async advance(
    session: Session,
    segment: ForwardSegment,
    batch: KeyedBatch,
    owner: Owner,
    from: Owner = owner,
  ): Promise<void> {
    const { start, end } = segment;
    await session.run(feedsOf(session, feedsFor(batch.batch)), {
      stored: start === undefined ? {} : { [start]: keyOf(from, batch, start) },
      keep: { [end]: keyOf(owner, batch, end) },
    });
  }

  /** @param hidden the name of the final hidden states */
  async reference(session: Session, batch: KeyedBatch, hidden: string): Promise<Reference> {
    const { outputs } = await session.run(feedsOf(session, feedsFor(batch.batch)), {
      stored: { hidden: keyOf('original', batch, hidden) },
    });
    return referenceOf(outputs.reference);
  }

  /** @param owner whose hidden states are compared with the original's */
  async compare(
    session: Session,
    batch: KeyedBatch,
    hidden: string,
    { owner, reference }: { readonly owner: Owner; readonly reference: Reference },
  ): Promise<readonly ExampleDamage[]> {
    const { outputs } = await session.run(comparisonFeeds(batch.batch, reference), {
      stored: {
        hidden: keyOf('original', batch, hidden),
        changed_hidden: keyOf(owner, batch, hidden),
      },
    });
    return damageOf(batch.batch, reference, outputs.damage);
  }

  async forget(
    owner: Owner,
    batches: readonly KeyedBatch[],
    names: Iterable<string>,
  ): Promise<void> {
    const keys = [...names].flatMap((name) => batches.map((batch) => keyOf(owner, batch, name)));
    if (keys.length > 0) await this.compute.forget(keys);
  }
}

function feedsFor(batch: Batch) {
  return batchFeeds({ ...batch, draw: 0 }, [], { labels: 'data', seed: 0 });
}

function keyOf(owner: Owner, { key }: KeyedBatch, name: string): string {
  return `${owner} ${key} ${name}`;
}
