import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.js';

export interface StoredTensor {
  /** The type as safetensors calls it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

export type StoredTensors = ReadonlyMap<string, StoredTensor>;

export interface SmallCheckpoint {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: StoredTensors;
}

export const fixtures = join(root, 'packages/testing/fixtures');

/** Two rows of the fixture's expected.json: losses 4.09669 and 5.31023. */
export const ROWS = [
  [39, 13],
  [0, 49, 44, 39, 31, 31, 63],
].map((input_ids) => JSON.stringify({ input_ids }));

/** What lies in the place of a large file that was cloned without Git LFS. */
export const LFS_POINTER =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';

/** A tied Llama of two layers in float32, with 64 tokens. */
export function smallLlama(): SmallCheckpoint {
  return readCheckpoint(join(fixtures, 'checkpoints/llama-tied'));
}

export function readCheckpoint(folder: string): SmallCheckpoint {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const tensors = Object.entries<Entry>(entries).map(([name, { dtype, shape, data_offsets }]) => {
    const [from, to] = data_offsets;
    return [name, { dtype, shape, data: bytes.subarray(start + from, start + to) }] as const;
  });
  return { config, tensors: new Map(tensors) };
}

/** Writes config.json, model.safetensors with what `header` makes of its header, and ROWS. */
export function writeCheckpoint(
  folder: string,
  { config, tensors }: SmallCheckpoint,
  header: (text: string) => string = (text) => text,
): void {
  let end = 0;
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const start = end;
    end += data.length;
    return [name, { dtype, shape, data_offsets: [start, end] }] as const;
  });
  const text = Buffer.from(header(JSON.stringify(Object.fromEntries(entries))));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const data = [...tensors.values()].map((tensor) => tensor.data);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([size, text, ...data]));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'rows.jsonl'), ROWS.join('\n'));
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}
