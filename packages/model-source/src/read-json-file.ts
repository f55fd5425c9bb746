import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ErrorCode, LayersenseError } from '@layersense/contracts';
import { realFile } from './real-file.js';
import { parseStrictJson } from './strict-json.js';

/** The index of the largest published models has a few megabytes. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * The parsed content of a model's JSON file.
 *
 * @throws LayersenseError `code` when the file is too large or not JSON, `checkpoint_missing` when
 *   there is none.
 */
export async function readJsonFile(path: string, code: ErrorCode): Promise<unknown> {
  const file = basename(path);
  const real = await realFile(path);
  if (real.bytes > MAX_JSON_BYTES) {
    throw new LayersenseError(code, `${file} has ${real.bytes} bytes, more than any real one.`, {
      file,
    });
  }
  try {
    return parseStrictJson(await readFile(real.path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw new LayersenseError(
      code,
      `${file} is not valid JSON: ${reason}. Download or export the model again.`,
      { file },
      { cause },
    );
  }
}
