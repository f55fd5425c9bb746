import type { Batch } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { SessionPool } from '../plans/session-pool.js';
import type { BatchDamage, Reference } from './batch-damage.js';
import type { DamageGraphs } from './damage-graphs.js';
import type { DamagePlan, DamagePlanOptions } from './damage-plan.js';
import type { ForwardPasses, KeyedBatch, Owner } from './forward-passes.js';
import { routeOf, type VariantRoute } from './variant-route.js';
import { writeOverlay } from './weight-overlay.js';

/** A variant with the batches that it is still to be measured on. */
interface Pending {
  readonly number: number;
  readonly name: string;
  readonly route: VariantRoute;
  readonly batches: readonly KeyedBatch[];
}

/**
 * All weights are mapped, and the original's sessions stay open: one variant after the other goes
 * through the segments from the first that has other weights on, where it takes what the original
 * has left. Batches of one shape follow each other, and sessions of one shape are open at a time.
 */
export class WholeDamagePlan implements DamagePlan {
  constructor(
    private readonly passes: ForwardPasses,
    private readonly options: DamagePlanOptions,
  ) {}

  get device(): Device | undefined {
    return this.passes.device;
  }

  async *run(batches: readonly Batch[]): AsyncGenerator<BatchDamage> {
    const work = batches.reduce((sum, { batch, length }) => sum + batch * length, 0);
    for (const alike of ofOneShape(batches.map((batch, key) => ({ key, batch })))) {
      yield* this.#measure(alike, work * (1 + this.options.variants.length));
    }
  }

  async *#measure(batches: readonly KeyedBatch[], work: number): AsyncGenerator<BatchDamage> {
    const [first] = batches;
    if (!first) return;
    const graphs = this.passes.graphsFor(first.batch);
    const pending = this.#pendingOn(batches, graphs);
    const needed = batches.filter((batch) => pending.some((each) => each.batches.includes(batch)));
    const originals = new SessionPool((graph) => this.passes.open(graph));
    const share = ({ batch }: KeyedBatch) => (batch.batch * batch.length) / work;
    const references = new Map<KeyedBatch, Reference>();
    for (const batch of needed) {
      references.set(batch, await this.#original(batch, graphs, originals, pending));
      await this.options.onStep(null, share(batch));
    }
    for (const variant of pending) {
      await this.options.onStep(variant.name, 0);
      for await (const measured of this.#variant(variant, graphs, originals, references)) {
        const { batch, damage } = measured;
        await this.options.onStep(variant.name, share(batch));
        yield { variant: variant.number, examples: batch.batch.examplePositions, damage };
      }
    }
    await originals.clear();
    const { hidden } = graphs.head;
    const kept = new Set([...graphs.segments.map(({ end }) => end), hidden.name]);
    await this.passes.forget('original', needed, kept);
    this.passes.forgetGraphs();
  }

  #pendingOn(batches: readonly KeyedBatch[], graphs: DamageGraphs): readonly Pending[] {
    const { variants, isKnown } = this.options;
    return variants
      .map((variant, number) => ({
        number,
        name: variant.name,
        route: routeOf(graphs, variant),
        batches: batches.filter(({ batch }) => !isKnown(number, batch)),
      }))
      .filter((each) => each.batches.length > 0);
  }

  /** The original's forward pass; it leaves behind what variants start from. */
  async #original(
    batch: KeyedBatch,
    { segments, head, reference }: DamageGraphs,
    sessions: SessionPool,
    pending: readonly Pending[],
  ): Promise<Reference> {
    const starts = new Set(pending.map(({ route }) => segments[route.first]?.start));
    for (const segment of segments) {
      await this.passes.advance(await sessions.get(segment.graph), segment, batch, 'original');
      const { start } = segment;
      if (start === undefined || starts.has(start)) continue;
      await this.passes.forget('original', [batch], [start]);
    }
    return await this.passes.reference(await sessions.get(reference), batch, head.hidden.name);
  }

  async *#variant(
    { number, route, batches }: Pending,
    graphs: DamageGraphs,
    originals: SessionPool,
    references: ReadonlyMap<KeyedBatch, Reference>,
  ) {
    const { checkpoint, variants, folder } = this.options;
    const { segments, head } = graphs;
    const hidden = head.hidden.name;
    const overlay = await writeOverlay(folder, checkpoint, variants[number]?.weights ?? []);
    try {
      const own = new SessionPool((graph) => this.passes.open(graph, overlay));
      const comparison =
        route.head.length > 0
          ? await this.passes.openAsIs(graphs.compareHeads(overlay), overlay)
          : await originals.get(graphs.compare);
      for (const batch of batches) {
        const reference = references.get(batch);
        if (!reference) throw new RangeError('a batch that the original has not seen');
        let owner: Owner = 'original';
        for (const [i, segment] of segments.entries()) {
          if (i < route.first) continue;
          const isChanged = (route.segments[i]?.length ?? 0) > 0;
          const session = await (isChanged ? own : originals).get(segment.graph);
          await this.passes.advance(session, segment, batch, number, owner);
          if (owner === number && segment.start !== undefined) {
            await this.passes.forget(number, [batch], [segment.start]);
          }
          owner = number;
        }
        const damage = await this.passes.compare(comparison, batch, hidden, { owner, reference });
        await this.passes.forget(number, [batch], [hidden]);
        yield { batch, damage };
      }
      await own.clear();
      if (route.head.length > 0) await comparison.release();
    } finally {
      await overlay.close();
    }
  }
}

/** Batches that follow each other and have the same shape. */
function* ofOneShape(batches: readonly KeyedBatch[]): Generator<readonly KeyedBatch[]> {
  let alike: KeyedBatch[] = [];
  for (const each of batches) {
    const { batch: last } = alike.at(-1) ?? each;
    if (last.batch !== each.batch.batch || last.length !== each.batch.length) {
      yield alike;
      alike = [];
    }
    alike.push(each);
  }
  if (alike.length > 0) yield alike;
}
