import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Matrix, matricesOf } from '../../../test-support/references.js';

const fixture = matricesOf(
  gunzipSync(
    readFileSync(new URL('../../../../fixtures/k-quants.safetensors.gz', import.meta.url)),
  ),
);

/** What llama-quantize made of a matrix: the stored bytes, and what gguf reads from them. */
export function storedBlocks(
  matrix: string,
  format: string,
): Matrix & { readonly raw: Uint8Array } {
  const key = `gguf/${matrix}/lq_${format.toUpperCase()}`;
  const values = fixture.byKey.get(key);
  const raw = fixture.bytesByKey.get(`${key}.raw`);
  if (values === undefined || raw === undefined) throw new Error(`the fixture has no ${key}`);
  return { ...values, raw };
}
