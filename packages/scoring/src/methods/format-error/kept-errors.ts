import { createHash } from 'node:crypto';
import type { NumericFormat } from '@layersense/formats';
import { engine } from '@layersense/runs';
import type { FormatError } from '@layersense/sensitivity';
import { z } from 'zod';
import type { KeptFiles } from '../../matrices/kept-files.js';

const Kept = z.record(
  z.string(),
  z.object({
    /** Of what: a format that is defined otherwise is another one. */
    definition: z.string(),
    /** Of the matrix and of its parts. */
    errors: z.array(
      z.object({
        squaredError: z.number(),
        squaredNorm: z.number(),
        nonZero: z.number(),
        collapsed: z.number(),
        largestChannelError: z.number(),
      }),
    ),
  }),
);
type Kept = z.infer<typeof Kept>;

type Ranges = readonly { readonly start: number; readonly end: number }[];
type ErrorsByFormat = ReadonlyMap<string, readonly FormatError[]>;

/**
 * The errors of matrices that were measured before, by their hash: a fine-tune measures what it has changed,
 * and an interrupted job what is left.
 */
export class KeptErrors {
  #reused = 0;
  #measured = 0;
  readonly #definitions: ReadonlyMap<string, string>;

  constructor(
    private readonly files: KeptFiles,
    formats: readonly NumericFormat[],
  ) {
    this.#definitions = new Map(formats.map((format) => [format.name, definitionOf(format)]));
  }

  async find(
    sha256: string,
    ranges: Ranges,
    formats: readonly NumericFormat[],
  ): Promise<ErrorsByFormat> {
    const kept = await this.#read(sha256, ranges);
    const found = formats.flatMap(({ name }) => {
      const entry = kept[name];
      const fits =
        entry?.definition === this.#definitions.get(name) && entry?.errors.length === ranges.length;
      return entry && fits ? [[name, entry.errors] as const] : [];
    });
    this.#reused += found.length;
    this.#measured += formats.length - found.length;
    return new Map(found);
  }

  async keep(sha256: string, ranges: Ranges, measured: ErrorsByFormat): Promise<void> {
    if (measured.size === 0) return;
    const entries = [...measured].map(([name, errors]) => {
      return [
        name,
        { definition: this.#definitions.get(name) ?? '', errors: [...errors] },
      ] as const;
    });
    const kept = { ...(await this.#read(sha256, ranges)), ...Object.fromEntries(entries) };
    await this.files.write(keyOf(sha256, ranges), JSON.stringify(kept));
  }

  /** What a reader must know of where the errors come from. */
  get notes(): readonly string[] {
    const total = this.#reused + this.#measured;
    const reused =
      this.#reused > 0
        ? [
            `${this.#reused} of the ${total} errors are those that were measured of equal matrices before`,
          ]
        : [];
    return [...reused, ...this.files.notes];
  }

  async #read(sha256: string, ranges: Ranges): Promise<Kept> {
    const text = await this.files.read(keyOf(sha256, ranges));
    return (text === undefined ? undefined : Kept.safeParse(jsonOf(text)).data) ?? {};
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

function keyOf(sha256: string, ranges: Ranges): string {
  const cuts = ranges.map(({ start, end }) => `${start}-${end}`).join();
  return hashOf(`${sha256} ${cuts}`);
}

/** The engine's version rises with every change of a number. */
function definitionOf({ name, definition }: NumericFormat): string {
  return hashOf(`format_error ${engine.version}\n${name}\n${definition}`);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
