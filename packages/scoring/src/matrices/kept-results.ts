import { createHash } from 'node:crypto';
import type { NumericFormat } from '@layersense/formats';
import { engine } from '@layersense/runs';
import { z } from 'zod';
import type { KeptFiles } from './kept-files.js';

/** What a result is of: the values of a matrix, and whatever else it depends on beside the format. */
export interface ResultKey {
  readonly sha256: string;
  readonly beside: string;
}

interface KeptOptions<Result> {
  /** What was found out. A change of it is another name. */
  readonly name: string;
  readonly schema: z.ZodType<Result>;
  readonly formats: readonly NumericFormat[];
}

/**
 * What was found out of matrices in formats before, by the hash of the matrix: a fine-tune computes what it has
 * changed, and an interrupted job what is left.
 */
export class KeptResults<Result> {
  #reused = 0;
  #computed = 0;
  readonly #definitions: ReadonlyMap<string, string>;
  readonly #schema: z.ZodType<Readonly<Record<string, { definition: string; result: Result }>>>;

  constructor(
    private readonly files: KeptFiles,
    private readonly options: KeptOptions<Result>,
  ) {
    const { formats, schema } = options;
    this.#definitions = new Map(formats.map((format) => [format.name, definitionOf(format)]));
    this.#schema = z.record(z.string(), z.object({ definition: z.string(), result: schema }));
  }

  /** By format, of those that are asked for. */
  async find(key: ResultKey, formats: readonly NumericFormat[]): Promise<Map<string, Result>> {
    const kept = await this.#read(key);
    const found = formats.flatMap(({ name }) => {
      const entry = kept[name];
      const isOurs = entry?.definition === this.#definitions.get(name);
      return entry && isOurs ? [[name, entry.result] as const] : [];
    });
    this.#reused += found.length;
    this.#computed += formats.length - found.length;
    return new Map(found);
  }

  async keep(key: ResultKey, results: ReadonlyMap<string, Result>): Promise<void> {
    if (results.size === 0) return;
    const entries = [...results].map(
      ([name, result]) => [name, { definition: this.#definitions.get(name), result }] as const,
    );
    const kept = { ...(await this.#read(key)), ...Object.fromEntries(entries) };
    await this.files.write(this.#fileOf(key), JSON.stringify(kept));
  }

  /** What a reader must know of where the results come from. */
  get notes(): readonly string[] {
    const total = this.#reused + this.#computed;
    const reused =
      this.#reused > 0
        ? [`${this.#reused} of the ${total} results were those of equal matrices before`]
        : [];
    return [...reused, ...this.files.notes];
  }

  async #read(key: ResultKey) {
    const text = await this.files.read(this.#fileOf(key));
    return (text === undefined ? undefined : this.#schema.safeParse(jsonOf(text)).data) ?? {};
  }

  #fileOf({ sha256, beside }: ResultKey): string {
    return hashOf(`${this.options.name} ${sha256} ${beside}`);
  }
}

/** What another program has spoilt is as if it had never been. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The engine's version rises with every change of a number. */
function definitionOf({ name, definition }: NumericFormat): string {
  return hashOf(`${engine.version}\n${name}\n${definition}`);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
