import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ErrorCode, LayersenseError, modelText, parsePythonJson } from '@layersense/contracts';
import { realFile } from './real-file.js';
import { parseStrictJson } from './strict-json.js';

/** The index of the largest published models has a few megabytes. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * The parsed content of a model's JSON file, in which Python may have written numbers that are not
 * finite.
 *
 * @throws LayersenseError `code` when the file is too large, not JSON or only a Git LFS pointer, `checkpoint_missing` when
 *   there is none.
 */
export async function readJsonFile(path: string, code: ErrorCode): Promise<unknown> {
  const file = basename(path);
  const real = await realFile(path, code);
  if (real.bytes > MAX_JSON_BYTES) {
    throw new LayersenseError(code, `${file} has ${real.bytes} bytes, more than any real one.`, {
      file,
    });
  }
  const text = modelText(await readFile(real.path), file, code);
  try {
    return parseStrictJson(text, parsePythonJson);
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
