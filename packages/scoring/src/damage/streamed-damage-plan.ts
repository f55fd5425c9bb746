import type { Batch } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import type { Graph } from '@layersense/onnx-ir';
import { layersOf } from '../plans/layers-of.js';
import { SessionPool } from '../plans/session-pool.js';
import type { BatchDamage, Reference } from './batch-damage.js';
import type { DamageGraphs } from './damage-graphs.js';
import type { DamagePlan, DamagePlanOptions } from './damage-plan.js';
import type { ForwardPasses, KeyedBatch, Owner } from './forward-passes.js';
import type { ReplacedWeight } from './variant.js';
import { routeOf, type VariantRoute } from './variant-route.js';
import { type WeightOverlay, writeOverlay } from './weight-overlay.js';

/** What goes through the segments together: the batch, and who is still to be measured on it. */
interface Stream extends KeyedBatch {
  readonly graphs: DamageGraphs;
  readonly routes: ReadonlyMap<number, VariantRoute>;
}

/**
 * One segment is open at a time: the original and all variants take all batches through it before
 * the next one opens, so that the weights are read once, however many variants there are. Of every
 * variant and batch, the tensor between two segments waits in memory or on disk: where that is too
 * much, the variants are divided into sweeps.
 */
export class StreamedDamagePlan implements DamagePlan {
  constructor(
    private readonly passes: ForwardPasses,
    private readonly options: DamagePlanOptions,
    /** Variants of one sweep. */
    private readonly together: number,
  ) {}

  get device(): Device | undefined {
    return this.passes.device;
  }

  async *run(batches: readonly Batch[]): AsyncGenerator<BatchDamage> {
    const numbers = this.options.variants.map((_, number) => number);
    const sweeps = Math.ceil(numbers.length / this.together);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      const mine = numbers.slice(sweep * this.together, (sweep + 1) * this.together);
      const streams = batches
        .map((batch, key) => this.#stream({ key, batch }, mine))
        .filter(({ routes }) => routes.size > 0);
      if (streams.length > 0) yield* this.#sweep(streams, 1 / sweeps);
    }
  }

  #stream({ key, batch }: KeyedBatch, numbers: readonly number[]): Stream {
    const { variants, isKnown } = this.options;
    const graphs = this.passes.graphsFor(batch);
    const routes = numbers.flatMap((number) => {
      const variant = variants[number];
      if (!variant || isKnown(number, batch)) return [];
      return [[number, routeOf(graphs, variant)] as const];
    });
    return { key, batch, graphs, routes: new Map(routes) };
  }

  async *#sweep(streams: readonly Stream[], share: number): AsyncGenerator<BatchDamage> {
    const segments = Math.max(...streams.map(({ graphs }) => graphs.segments.length));
    const step = share / (segments + 1);
    for (let index = 0; index < segments; index++) {
      await this.options.onStep(layersAt(streams, index), 0);
      await this.#through(streams, index);
      await this.options.onStep(null, step);
    }
    yield* this.#compare(streams);
    await this.options.onStep(null, step);
  }

  /** Takes the original and every variant that is under way, or begins here, through a segment. */
  async #through(streams: readonly Stream[], index: number): Promise<void> {
    const originals = new SessionPool((graph) => this.passes.open(graph));
    await this.#advance(streams, index, 'original', originals);
    for (const number of numbersIn(streams)) {
      const own = streams.filter(({ routes }) => (routes.get(number)?.first ?? index + 1) <= index);
      const replaced = unionOf(own.map(({ routes }) => routes.get(number)?.segments[index]));
      if (replaced.length === 0) await this.#advance(own, index, number, originals);
      else {
        await this.#withOverlay(replaced, async (overlay) => {
          const sessions = new SessionPool((graph) => this.passes.open(graph, overlay));
          await this.#advance(own, index, number, sessions);
          await sessions.clear();
        });
      }
    }
    await originals.clear();
    await this.#forgetStarts(streams, index);
  }

  async #advance(
    streams: readonly Stream[],
    index: number,
    owner: Owner,
    sessions: SessionPool,
  ): Promise<void> {
    for (const stream of streams) {
      const segment = stream.graphs.segments[index];
      if (!segment) continue;
      const began = owner === 'original' || (stream.routes.get(owner)?.first ?? index) < index;
      const session = await sessions.get(segment.graph);
      await this.passes.advance(session, segment, stream, owner, began ? owner : 'original');
    }
  }

  async #forgetStarts(streams: readonly Stream[], index: number): Promise<void> {
    for (const stream of streams) {
      const start = stream.graphs.segments[index]?.start;
      if (start === undefined) continue;
      for (const owner of ['original', ...stream.routes.keys()] as const) {
        await this.passes.forget(owner, [stream], [start]);
      }
    }
  }

  async *#compare(streams: readonly Stream[]): AsyncGenerator<BatchDamage> {
    const originals = new SessionPool((graph) => this.passes.open(graph));
    const references = new Map<Stream, Reference>();
    for (const stream of streams) {
      const { reference, head } = stream.graphs;
      const session = await originals.get(reference);
      references.set(stream, await this.passes.reference(session, stream, head.hidden.name));
    }
    for (const number of numbersIn(streams)) {
      const own = streams.filter(({ routes }) => routes.has(number));
      const replaced = unionOf(own.map(({ routes }) => routes.get(number)?.head));
      const overlay = replaced.length === 0 ? undefined : await this.#overlay(replaced);
      try {
        const changed = new SessionPool((graph) => this.passes.openAsIs(graph, overlay));
        const comparisons = new Map<DamageGraphs, Graph>();
        for (const stream of own) {
          const { graphs, batch, routes } = stream;
          const reference = references.get(stream);
          if (!reference) throw new RangeError('a batch that the original has not seen');
          const comparison = comparisons.get(graphs) ?? comparisonOf(graphs, overlay);
          comparisons.set(graphs, comparison);
          const session = await (overlay ? changed : originals).get(comparison);
          const began = (routes.get(number)?.first ?? 0) < graphs.segments.length;
          const hidden = graphs.head.hidden.name;
          const compared = { owner: began ? number : ('original' as const), reference };
          const damage = await this.passes.compare(session, stream, hidden, compared);
          await this.passes.forget(number, [stream], [hidden]);
          yield { variant: number, examples: batch.examplePositions, damage };
        }
        await changed.clear();
      } finally {
        await overlay?.close();
      }
    }
    await originals.clear();
    for (const stream of streams) {
      await this.passes.forget('original', [stream], [stream.graphs.head.hidden.name]);
    }
  }

  async #withOverlay(
    weights: readonly ReplacedWeight[],
    use: (overlay: WeightOverlay) => Promise<void>,
  ): Promise<void> {
    const overlay = await this.#overlay(weights);
    try {
      await use(overlay);
    } finally {
      await overlay.close();
    }
  }

  #overlay(weights: readonly ReplacedWeight[]): Promise<WeightOverlay> {
    return writeOverlay(this.options.folder, this.options.checkpoint, weights);
  }
}

function comparisonOf(graphs: DamageGraphs, overlay: WeightOverlay | undefined): Graph {
  return overlay ? graphs.compareHeads(overlay) : graphs.compare;
}

function numbersIn(streams: readonly Stream[]): readonly number[] {
  return [...new Set(streams.flatMap(({ routes }) => [...routes.keys()]))].sort((a, b) => a - b);
}

function unionOf(
  all: readonly (readonly ReplacedWeight[] | undefined)[],
): readonly ReplacedWeight[] {
  return [...new Set(all.flatMap((each) => each ?? []))];
}

function layersAt(streams: readonly Stream[], index: number): string | null {
  return layersOf(streams[0]?.graphs.segments[index]?.parameters ?? []);
}
