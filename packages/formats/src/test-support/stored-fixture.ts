import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A tensor as a tool stores it. */
export interface StoredFixture {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** In float32, of a floating-point tensor. */
  readonly floats: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const content = gunzipSync(
  readFileSync(new URL('../../fixtures/stored.safetensors.gz', import.meta.url)),
);
const headerBytes = Number(content.readBigUInt64LE());
const header: Readonly<Record<string, Entry>> = JSON.parse(
  content.toString('utf8', 8, 8 + headerBytes),
);

/** What `make_stored_fixtures.py` has under `case/name`. @throws Error where the fixture has it not */
export function storedFixture(name: string): StoredFixture {
  const entry = header[name];
  if (entry === undefined) throw new Error(`the fixture has no ${name}`);
  const { dtype, shape, data_offsets: at } = entry;
  const bytes = Uint8Array.from(content.subarray(8 + headerBytes + at[0], 8 + headerBytes + at[1]));
  return {
    dtype,
    shape,
    bytes,
    get words() {
      return new Uint32Array(bytes.buffer);
    },
    get floats() {
      return floatsOf(dtype, bytes);
    },
  };
}

function floatsOf(dtype: string, bytes: Uint8Array): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(halves, (x) => x << 16).buffer);
  if (dtype === 'F16') return Float32Array.from(halves, float16);
  throw new Error(`${dtype} is no floating-point type`);
}

function float16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  return sign * (exponent === 0 ? 2 ** -14 * fraction : 2 ** (exponent - 15) * (1 + fraction));
}
