import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { parseSafetensorsHeader } from './parse-safetensors-header.js';
import { realFile } from './real-file.js';

/** The limit of the reference implementation; the header of a 400 B model is about 20 MB. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

export interface SafetensorsHeader {
  /** The folder of the real file: where the symbolic links of a Hub snapshot lead. */
  readonly folder: string;
  /** Base name of the real file, as every `TensorRef` of `tensors` names it. */
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Tensors of types that no `TensorRef` can express, by their safetensors type (`F8_E4M3`). */
  readonly unsupported: ReadonlyMap<string, string>;
}

/**
 * Reads the names, types, shapes and byte ranges of a safetensors file, and nothing else of it.
 * The file is taken for hostile: every range is checked against its shape, its neighbours and the
 * file's size before anything uses it.
 *
 * @throws LayersenseError `checkpoint_missing` when there is no such file, `checkpoint_invalid`
 *   when it is not a whole and well-formed safetensors file.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const real = await realFile(path);
  const handle = await open(real.path);
  try {
    const label = basename(path);
    const text = await readHeaderText(handle, label, real.bytes);
    const dataStart = LENGTH_BYTES + text.bytes;
    const file = basename(real.path);
    const header = parseSafetensorsHeader(text.json, {
      label,
      file,
      dataStart,
      dataBytes: real.bytes - dataStart,
    });
    return { folder: dirname(real.path), file, ...header };
  } finally {
    await handle.close();
  }
}

async function readHeaderText(handle: FileHandle, label: string, fileBytes: number) {
  const invalid = (problem: string) =>
    new LayersenseError(
      'checkpoint_invalid',
      `${label} is not a safetensors file: ${problem}. Download or export it again.`,
      { file: label },
    );
  const prefix = Buffer.alloc(LENGTH_BYTES);
  if ((await handle.read(prefix, 0, LENGTH_BYTES, 0)).bytesRead < LENGTH_BYTES) {
    throw invalid('it is shorter than the 8 bytes that give the length of its header');
  }
  const declared = prefix.readBigUInt64LE();
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(`its header claims ${declared} bytes, more than the ${MAX_HEADER_BYTES} allowed`);
  }
  const bytes = Number(declared);
  if (bytes > fileBytes - LENGTH_BYTES) {
    throw invalid(`its header claims ${bytes} bytes but the file has only ${fileBytes}`);
  }
  const buffer = Buffer.alloc(bytes);
  if ((await handle.read(buffer, 0, bytes, LENGTH_BYTES)).bytesRead < bytes) {
    throw invalid('it ended while its header was read');
  }
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer);
    return { json, bytes };
  } catch {
    throw invalid('its header is not UTF-8 text');
  }
}
