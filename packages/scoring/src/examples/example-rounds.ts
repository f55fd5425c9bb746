import { type FisherParams, LayersenseError, type Stopping } from '@layersense/contracts';
import { type FisherAccumulator, stabilityOf } from '@layersense/runs';
import { roundEnds, STANDARD_TOP_K } from '@layersense/statistics';

/**
 * The examples in rounds of which each is computed before the next is asked for. Examples are drawn
 * in random order, so the first ones are a random sample themselves; without `until` one round is all.
 */
export class ExampleRounds implements Iterable<readonly number[]> {
  readonly bootstrap: { readonly k: number; readonly seed: number };
  readonly #rounds: Stopping['rounds'] = [];
  #examples = 0;
  #stable = false;

  /** @throws LayersenseError `invalid_request` where the top k would be every layer */
  constructor(
    private readonly total: number,
    private readonly params: FisherParams,
    private readonly computed: FisherAccumulator,
    layers: number,
  ) {
    const { until, seed } = params;
    const k = until?.top_k_stable.k ?? STANDARD_TOP_K;
    this.bootstrap = { k, seed };
    if (until && k >= layers) throw everyLayer(k, layers);
  }

  *[Symbol.iterator](): Generator<readonly number[]> {
    const { until } = this.params;
    const ends = until ? roundEnds(this.total, until.top_k_stable.min_examples) : [this.total];
    for (const end of ends) {
      const start = this.#examples;
      yield Array.from({ length: end - start }, (_, i) => start + i);
      this.#examples = end;
      if (!until) continue;
      const stability = stabilityOf(this.computed.first(end), this.bootstrap);
      const probability = stability?.probability ?? 0;
      this.#rounds.push({ examples: end, probability });
      this.#stable = probability >= until.top_k_stable.probability;
      if (this.#stable) return;
    }
  }

  /** How many of the examples have been taken: the first ones. */
  get examples(): number {
    return this.#examples;
  }

  get stopping(): Stopping | null {
    if (!this.params.until) return null;
    return {
      reason: this.#stable ? 'stable' : 'examples exhausted',
      examples: this.#examples,
      at_most: this.total,
      rounds: this.#rounds,
    };
  }
}

function everyLayer(k: number, layers: number): LayersenseError {
  return new LayersenseError(
    'invalid_request',
    `The top ${k} cannot become stable: the model has ${layers} scored weights, so it would be all of them. Take a smaller k.`,
    { k, layers },
  );
}
