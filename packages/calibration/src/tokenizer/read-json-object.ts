import { readFile } from 'node:fs/promises';
import {
  isLfsPointer,
  LayersenseError,
  lfsPointer,
  modelText,
  parsePythonJson,
} from '@layersense/contracts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object in a tokenizer file; `{}` where there is no such file.
 *
 * @throws LayersenseError `tokenizer_invalid`
 */
export async function readJsonObject(path: string | undefined): Promise<JsonObject> {
  return path === undefined ? {} : parseJsonObject(await readTokenizerFile(path), path);
}

export function parseJsonObject(bytes: Buffer, path: string): JsonObject {
  const text = modelText(bytes, path, 'tokenizer_invalid');
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (cause) {
    throw invalidTokenizer(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (isJsonObject(value)) return value;
  throw invalidTokenizer(path, 'expected a JSON object');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export async function readTokenizerFile(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw invalidTokenizer(path, 'it cannot be opened', cause);
  });
  if (isLfsPointer(bytes)) throw lfsPointer(path, 'tokenizer_invalid');
  return bytes;
}

export function invalidTokenizer(path: string, reason: string, cause?: unknown): LayersenseError {
  return new LayersenseError(
    'tokenizer_invalid',
    `${path} is not a valid tokenizer file: ${reason}. Save the tokenizer again with a current transformers.`,
    { file: path },
    { cause },
  );
}

/** @param feature what the file asks for, as a noun phrase that names key and value */
export function unsupportedTokenizer(path: string, feature: string): LayersenseError {
  return new LayersenseError(
    'tokenizer_unsupported',
    `${path} has ${feature}, which is not supported. Tokenise with Python and give a dataset of token ids ({"input_ids": [...]} per line).`,
    { file: path, feature },
  );
}
