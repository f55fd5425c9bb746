import { createHash } from 'node:crypto';
import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device, DurableTensor } from '@layersense/runtime';
import { z } from 'zod';

const Line = z.object({
  step: z.string(),
  device: z.enum(['cpu', 'cuda', 'webgpu']),
  kept: z.array(
    z.object({
      key: z.string(),
      file: z.string(),
      dtype: z.enum(['float32', 'float64', 'int64', 'int32', 'uint8', 'bool']),
      shape: z.array(z.number()),
      sha256: z.string(),
    }),
  ),
  spent: z.array(z.string()),
  /** float64 in base64: JSON knows no NaN. */
  values: z.base64(),
  marginals: z.string().optional(),
});

export interface FinishedStep {
  /** Which batch, in which segment and direction. */
  readonly step: string;
  readonly device: Device;
  /** Tensors that it has left for later steps. */
  readonly kept: readonly DurableTensor[];
  /** Keys of tensors that no later step takes. */
  readonly spent: readonly string[];
  readonly statistics: Float64Array;
  /** The sha256 of the marginals that it has left, where these are asked for. */
  readonly marginals?: string | undefined;
}

const Header = z.object({ identity: z.string(), token_budget: z.number() });

/** What a journal belongs to. */
export interface JournalOwner {
  /** The run's identity: steps of any other computation are never used. */
  readonly identity: string;
  /** Tokens of a batch, padding included: other batches are other steps. */
  readonly tokenBudget: number;
}

/**
 * The finished steps of a streamed run, one line each, in a file beside the tensors they have left.
 * Every line begins with its own hash: a process can be killed while it writes, and whatever is not
 * as it was written is as if it had never been.
 */
export class StepJournal {
  readonly #folder: string;
  readonly #file: string;
  #steps: FinishedStep[] = [];
  #owner: JournalOwner | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'steps.journal');
  }

  static async open(folder: string): Promise<StepJournal> {
    const journal = new StepJournal(folder);
    await journal.#read();
    return journal;
  }

  /** Whose journal it is; undefined for a new one. */
  get owner(): JournalOwner | undefined {
    return this.#owner;
  }

  /** Makes the journal that of a computation; what any other one has left is removed. */
  async belongTo(owner: JournalOwner): Promise<void> {
    const { identity, tokenBudget } = owner;
    if (this.#owner?.identity === identity && this.#owner.tokenBudget === tokenBudget) return;
    this.#owner = owner;
    for (const name of await readdir(this.#folder)) await rm(join(this.#folder, name));
    await this.rewrite([]);
  }

  /** The steps in `order` that are finished, from the first up to the first that is not. */
  finished(order: readonly string[]): readonly FinishedStep[] {
    const byName = new Map(this.#steps.map((each) => [each.step, each]));
    const found: FinishedStep[] = [];
    for (const name of order) {
      const step = byName.get(name);
      if (!step) break;
      found.push(step);
    }
    return found;
  }

  async append(step: FinishedStep): Promise<void> {
    this.#steps.push(step);
    await appendFile(this.#file, stepLine(step));
  }

  /** Replaces all steps, at once: a reader sees the old ones or the new ones. */
  async rewrite(steps: readonly FinishedStep[]): Promise<void> {
    this.#steps = [...steps];
    const { identity = '', tokenBudget = 0 } = this.#owner ?? {};
    const lines = [line({ identity, token_budget: tokenBudget }), ...steps.map(stepLine)];
    await writeFile(`${this.#file}.new`, lines.join(''));
    await rename(`${this.#file}.new`, this.#file);
  }

  async #read(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const [first, ...others] = text.split('\n').map(parseLine);
    const header = Header.safeParse(first);
    if (!header.success) return;
    this.#owner = { identity: header.data.identity, tokenBudget: header.data.token_budget };
    for (const each of others) {
      const step = Line.safeParse(each);
      if (!step.success) return;
      const { values, ...rest } = step.data;
      this.#steps.push({ ...rest, statistics: fromBase64(values) });
    }
  }
}

/**
 * The latest point from which a computation can go on: as many of its finished `steps` as have left
 * behind, intact, every tensor that later steps take.
 */
export function latestIntact(
  steps: readonly FinishedStep[],
  intact: ReadonlySet<string>,
): readonly FinishedStep[] {
  const missing = new Set<string>();
  let latest = 0;
  steps.forEach(({ kept, spent }, i) => {
    for (const { key } of kept) if (!intact.has(key)) missing.add(key);
    for (const key of spent) missing.delete(key);
    if (missing.size === 0) latest = i + 1;
  });
  return steps.slice(0, latest);
}

/** The tensors that steps after these take. */
export function livingTensors(steps: readonly FinishedStep[]): readonly DurableTensor[] {
  const spent = new Set(steps.flatMap((step) => step.spent));
  return steps.flatMap(({ kept }) => kept.filter(({ key }) => !spent.has(key)));
}

function stepLine({ statistics, ...step }: FinishedStep): string {
  return line({ ...step, values: toBase64(statistics) });
}

function line(content: unknown): string {
  const json = JSON.stringify(content);
  return `${hashOf(json)} ${json}\n`;
}

function parseLine(text: string): unknown {
  const [, hash, json = ''] = /^(\w{64}) (.*)$/.exec(text) ?? [];
  return hash === hashOf(json) ? JSON.parse(json) : undefined;
}

function toBase64({ buffer, byteOffset, byteLength }: Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function fromBase64(text: string): Float64Array {
  return new Float64Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
}

function hashOf(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
