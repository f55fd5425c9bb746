import { LayersenseError } from '@layersense/contracts';

/** The statistics of one batch: `examples[i]` says which example row i of every vector is. */
export interface BatchStatistics {
  readonly examples: readonly number[];
  /** ℓₙ by row; rows beyond `examples` are padding. */
  readonly losses: ArrayLike<number>;
  /** ‖gₙ(W)‖² by parameter name and row. */
  readonly squaredNorms: ReadonlyMap<string, ArrayLike<number>>;
  /** How many tokens the router sent to the parameters of experts, by name and row. */
  readonly routedTokens: ReadonlyMap<string, ArrayLike<number>>;
  /** Of matrices, or the parts of packed ones, by name; where they were asked for. */
  readonly marginals?: ReadonlyMap<string, BatchMarginals>;
}

/** Σ g² of a matrix's gradient g over its inputs and over its outputs, of every row of a batch. */
export interface BatchMarginals {
  /** [rows, outputs]. */
  readonly byOutput: Float32Array | Float64Array;
  /** [rows, inputs]. */
  readonly byInput: Float32Array | Float64Array;
}

/** Everything that later statistics are made of, by example. */
export interface ExampleStatistics {
  /** ℓₙ. */
  readonly losses: Float64Array;
  /** ‖gₙ(W)‖² of every parameter, in the parameters' order. */
  readonly squaredNorms: ReadonlyMap<string, Float64Array>;
  /** The number of tokens that were sent to each parameter of an expert. */
  readonly routedTokens: ReadonlyMap<string, Float64Array>;
}

/**
 * Keeps every per-example value in float64. Means, errors, mixtures and extensions follow from
 * these later without another gradient; the order in which batches arrive leaves no trace.
 */
export class FisherAccumulator implements ExampleStatistics {
  readonly losses: Float64Array;
  readonly #norms = new Map<string, Float64Array>();
  readonly #routed = new Map<string, Float64Array>();
  readonly #seen: Uint8Array;

  /** @param sourceRows the dataset row of every example, for messages */
  constructor(private readonly sourceRows: readonly number[]) {
    this.losses = new Float64Array(sourceRows.length);
    this.#seen = new Uint8Array(sourceRows.length);
  }

  /** @throws LayersenseError `non_finite_gradient` naming the layer and the example */
  add({ examples, losses, squaredNorms, routedTokens }: BatchStatistics): void {
    this.#grow(this.#norms, squaredNorms.keys());
    this.#grow(this.#routed, routedTokens.keys());
    examples.forEach((example, row) => {
      this.losses[example] = this.#finite(losses[row], 'the loss', example);
      for (const [name, values] of this.#norms) {
        const norm = this.#finite(squaredNorms.get(name)?.[row], name, example);
        // A sum of signed products may end a rounding error below zero.
        values[example] = Math.max(0, norm);
      }
      for (const [name, values] of this.#routed) {
        values[example] = routedTokens.get(name)?.[row] ?? Number.NaN;
      }
      this.#seen[example] = 1;
    });
  }

  has(example: number): boolean {
    return this.#seen[example] === 1;
  }

  get done(): number {
    return this.#seen.reduce((sum, seen) => sum + seen, 0);
  }

  /** The statistics of the first `count` examples alone: views, not copies. */
  first(count: number): ExampleStatistics {
    const first = (byName: ReadonlyMap<string, Float64Array>) =>
      new Map([...byName].map(([name, values]) => [name, values.subarray(0, count)]));
    return {
      losses: this.losses.subarray(0, count),
      squaredNorms: first(this.#norms),
      routedTokens: first(this.#routed),
    };
  }

  get squaredNorms(): ReadonlyMap<string, Float64Array> {
    return this.#norms;
  }

  get routedTokens(): ReadonlyMap<string, Float64Array> {
    return this.#routed;
  }

  #grow(byName: Map<string, Float64Array>, names: Iterable<string>): void {
    for (const name of names) {
      if (!byName.has(name)) byName.set(name, new Float64Array(this.#seen.length));
    }
  }

  #finite(value: number | undefined, layer: string, example: number): number {
    if (value !== undefined && Number.isFinite(value)) return value;
    const row = this.sourceRows[example] ?? example;
    throw new LayersenseError(
      'non_finite_gradient',
      `The squared gradient norm of ${layer} is ${value} on example ${row}. Look at that example and at the checkpoint's weights; nothing was stored, because leaving the example out would bias every score.`,
      { layer, example: row, value: String(value) },
    );
  }
}
