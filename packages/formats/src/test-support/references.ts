import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { MatrixShape } from '../numeric-format.js';

export interface Matrix {
  readonly shape: MatrixShape;
  readonly values: Float32Array;
}

/** What a tool made of a matrix. */
export interface Reference extends Matrix {
  /** As the tool stores it, to five decimals. */
  readonly bitsPerWeight: number;
}

/** Float32 matrices of a safetensors file by their keys, its tensors of bytes, and its metadata. */
export interface Matrices {
  readonly byKey: ReadonlyMap<string, Matrix>;
  readonly bytesByKey: ReadonlyMap<string, Uint8Array>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function matricesOf(content: Buffer): Matrices {
  const length = Number(content.readBigUInt64LE());
  const header: Record<string, Entry> & { __metadata__?: Record<string, string> } = JSON.parse(
    content.toString('utf8', 8, 8 + length),
  );
  const { __metadata__: metadata = {}, ...entries } = header;
  const byKey = new Map<string, Matrix>();
  const bytesByKey = new Map<string, Uint8Array>();
  for (const [key, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const [outputs, inputs = 1] = shape;
    const [start, end] = offsets.map((offset) => 8 + length + offset);
    const bytes = Uint8Array.from(content.subarray(start, end));
    if (dtype === 'U8') bytesByKey.set(key, bytes);
    if (dtype !== 'F32' || outputs === undefined) continue;
    byKey.set(key, { shape: [outputs, inputs], values: new Float32Array(bytes.buffer) });
  }
  return { byKey, bytesByKey, metadata };
}

const fixture = matricesOf(
  gunzipSync(readFileSync(new URL('../../fixtures/references.safetensors.gz', import.meta.url))),
);
const bits: Readonly<Record<string, Record<string, Record<string, number>>>> = JSON.parse(
  fixture.metadata.bits_per_weight ?? '',
);

/** One of the four matrices A, B, C and D. */
export function input(matrix: string): Matrix {
  return found(`inputs/${matrix}`);
}

/** What the tool made of the matrix in its format. @throws Error where the fixture has it not */
export function reference(tool: string, matrix: string, format: string): Reference {
  return {
    ...found(`${tool}/${matrix}/${format}`),
    bitsPerWeight: bits[tool]?.[format]?.[matrix] ?? Number.NaN,
  };
}

/** What the tool made of the scales of a format's blocks. @throws Error where the fixture has them not */
export function referenceScales(tool: string, matrix: string, format: string): Float32Array {
  return found(`${tool}/${matrix}/${format}.scale`).values;
}

function found(key: string): Matrix {
  const matrix = fixture.byKey.get(key);
  if (matrix === undefined) throw new Error(`the fixture has no ${key}`);
  return matrix;
}
