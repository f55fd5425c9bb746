import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupMarginals } from '@layersense/contracts';
import type { MarginalSums } from '@layersense/runs';
import { z } from 'zod';

const FILE = 'marginals.sums';
/** Writing takes at most this share of the time. */
const LARGEST_SHARE = 0.1;

const Header = z.object({
  /** The run's identity: sums of any other computation are never used. */
  identity: z.string(),
  examples: z.array(z.number().int()),
  matrices: z.array(z.tuple([z.string(), z.number().int(), z.number().int()])),
});

/**
 * The sums of a job, kept in a file of a folder that outlives the process. An example counts as finished
 * only when it is in that file as well as in a finished batch, so a file that is behind, or lost, costs
 * computing again and no number.
 */
export class KeptMarginals {
  #lastWriteEnded = 0;
  #lastWriteMs = 0;

  private constructor(
    readonly sums: MarginalSums,
    private readonly identity: string,
    private readonly folder: string | undefined,
  ) {}

  /** With what an interrupted attempt has left in the folder, where there is one. */
  static async open(
    sums: MarginalSums,
    identity: string,
    folder: string | undefined,
  ): Promise<KeptMarginals> {
    const kept = new KeptMarginals(sums, identity, folder);
    const bytes = folder && (await readFile(join(folder, FILE)).catch(() => undefined));
    const found = bytes ? decoded(bytes) : undefined;
    if (found?.identity === identity) sums.restore(found.examples, found.matrices);
    return kept;
  }

  /** Writes the sums, unless they were written a moment ago. To be called after the batch is stored. */
  async save(): Promise<void> {
    if (this.folder === undefined) return;
    const started = performance.now();
    if (started - this.#lastWriteEnded < this.#lastWriteMs / LARGEST_SHARE) return;
    const file = join(this.folder, FILE);
    await writeFile(`${file}.new`, encoded(this.identity, this.sums));
    await rename(`${file}.new`, file);
    this.#lastWriteEnded = performance.now();
    this.#lastWriteMs = this.#lastWriteEnded - started;
  }
}

/** A hash of the rest, the length of the header, the header, and the sums in its order as float64. */
function encoded(identity: string, { examples, sums }: MarginalSums): Buffer {
  const matrices = [...sums].map(([name, { byOutput, byInput }]) => [
    name,
    byOutput.length,
    byInput.length,
  ]);
  const header = Buffer.from(JSON.stringify({ identity, examples, matrices }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const values = [...sums.values()].flatMap(({ byOutput, byInput }) => [byOutput, byInput]);
  const rest = [length, header, ...values.map(({ buffer }) => Buffer.from(buffer))];
  return Buffer.concat([hashOf(rest), ...rest]);
}

interface KeptSums {
  readonly identity: string;
  readonly examples: readonly number[];
  readonly matrices: ReadonlyMap<string, GroupMarginals>;
}

/** Undefined for a file that is not as it was written. */
function decoded(bytes: Buffer): KeptSums | undefined {
  const rest = bytes.subarray(32);
  if (rest.length < 8 || !hashOf([rest]).equals(bytes.subarray(0, 32))) return undefined;
  const end = 8 + Number(rest.readBigUInt64LE(0));
  const header = Header.parse(JSON.parse(rest.subarray(8, end).toString()));
  const values = new Float64Array(Uint8Array.from(rest.subarray(end)).buffer);
  let start = 0;
  const next = (length: number) => {
    start += length;
    return values.subarray(start - length, start);
  };
  const matrices = header.matrices.map(
    ([name, outputs, inputs]) =>
      [name, { byOutput: next(outputs), byInput: next(inputs) }] as const,
  );
  return { ...header, matrices: new Map(matrices) };
}

function hashOf(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
