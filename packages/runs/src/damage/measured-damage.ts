import { LayersenseError } from '@layersense/contracts';
import { ratioOfSums } from '@layersense/statistics';

/** What replacing weights does to the predictions of one example: sums over its positions that carry loss. */
export interface ExampleDamage {
  readonly positions: number;
  /** Of the labels, with the original weights. */
  readonly crossEntropy: number;
  readonly kl: number;
  readonly deltaCrossEntropy: number;
  readonly agreements: number;
}

/** The columns of what is kept of an example while a job runs. */
const COLUMNS = [
  'positions',
  'crossEntropy',
  'kl',
  'deltaCrossEntropy',
  'agreements',
] as const satisfies readonly (keyof ExampleDamage)[];

/** A mean over all positions, with what it is made of. */
export interface MeasuredMean {
  readonly value: number;
  readonly standardError: number | null;
  /** Of every example, the mean over its own positions. */
  readonly perExample: readonly number[];
}

/** Damage by variant of the model and by example. The order in which it arrives leaves no trace. */
export class MeasuredDamage {
  readonly #damage: readonly (ExampleDamage | undefined)[][];
  #done = 0;

  /**
   * @param names of the variants
   * @param sourceRows the dataset row of every example, for messages
   */
  constructor(
    private readonly names: readonly string[],
    private readonly sourceRows: readonly number[],
  ) {
    this.#damage = names.map(() => sourceRows.map(() => undefined));
  }

  /** @throws LayersenseError `non_finite_damage` naming the variant and the example */
  add(variant: number, examples: readonly number[], damage: readonly ExampleDamage[]): void {
    examples.forEach((example, i) => {
      const one = damage[i];
      const found = this.#damage[variant];
      if (!one || !found) throw new RangeError(`no variant ${variant}, or no damage of ${example}`);
      if (!COLUMNS.every((column) => Number.isFinite(one[column]))) {
        throw this.#notFinite(variant, example);
      }
      if (found[example] === undefined) this.#done += 1;
      found[example] = one;
    });
  }

  has(variant: number, example: number): boolean {
    return this.#damage[variant]?.[example] !== undefined;
  }

  /** How many examples of how many variants are measured. */
  get done(): number {
    return this.#done;
  }

  get total(): number {
    return this.names.length * this.sourceRows.length;
  }

  /** Per position of all examples; KL and cross-entropy in nats, agreement as a share. */
  meansOf(variant: number) {
    return {
      kl: this.#mean(variant, 'kl'),
      deltaCrossEntropy: this.#mean(variant, 'deltaCrossEntropy'),
      agreement: this.#mean(variant, 'agreements'),
    };
  }

  /** Of the original weights. */
  get crossEntropy(): MeasuredMean {
    return this.#mean(0, 'crossEntropy');
  }

  #mean(variant: number, of: keyof ExampleDamage): MeasuredMean {
    const examples = (this.#damage[variant] ?? []).map((one, example) => {
      if (one) return one;
      throw new RangeError(`${this.names[variant]} was not measured on example ${example}`);
    });
    const sums = examples.map((one) => one[of]);
    const positions = examples.map((one) => one.positions);
    const perExample = sums.map((sum, i) => sum / (positions[i] ?? Number.NaN));
    return { ...ratioOfSums(sums, positions), perExample };
  }

  #notFinite(variant: number, example: number): LayersenseError {
    const name = this.names[variant] ?? '';
    const row = this.sourceRows[example] ?? example;
    return new LayersenseError(
      'non_finite_damage',
      `With the weights of ${name} the predictions on example ${row} are not finite, so there is nothing to compare. Leave out the weights that the format breaks, or look at that example.`,
      { variant: name, example: row },
    );
  }
}

/** Damage of a variant's examples as one list of numbers, every bit of it. */
export function packDamage(damage: readonly ExampleDamage[]): Float64Array {
  return Float64Array.from(damage.flatMap((one) => COLUMNS.map((column) => one[column])));
}

/** What {@link packDamage} was given. */
export function unpackDamage(values: Float64Array): readonly ExampleDamage[] {
  return Array.from({ length: values.length / COLUMNS.length }, (_, i) => {
    const [positions, crossEntropy, kl, deltaCrossEntropy, agreements] = values.subarray(
      i * COLUMNS.length,
    );
    const nan = Number.NaN;
    return {
      positions: positions ?? nan,
      crossEntropy: crossEntropy ?? nan,
      kl: kl ?? nan,
      deltaCrossEntropy: deltaCrossEntropy ?? nan,
      agreements: agreements ?? nan,
    };
  });
}
