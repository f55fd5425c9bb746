import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { safetensorsTypes } from './safetensors-types.js';
import { parseStrictJson } from './strict-json.js';

/** PyTorch allows 64 dimensions; a longer shape is an attack, not a tensor. */
const MAX_RANK = 64;
const METADATA_KEY = '__metadata__';

interface HeaderSource {
  /** The file's name in error messages. */
  readonly label: string;
  /** The file's name in every `TensorRef`. */
  readonly file: string;
  /** Where in the file the tensors' bytes begin, and how many there are. */
  readonly dataStart: number;
  readonly dataBytes: number;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Checks the JSON of a safetensors header: `{name: {dtype, shape, data_offsets: [begin, end]}}`
 * with offsets relative to the data. The ranges must cover the data exactly, as the format asks:
 * no overlap, no hole, nothing after the last one.
 *
 * @throws LayersenseError `checkpoint_invalid` naming the file and the tensor.
 */
export function parseSafetensorsHeader(json: string, source: HeaderSource) {
  const entries = Object.entries(parseObject(json, source))
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => parseEntry(name, value, source));
  assertCoversData(entries, source);

  const tensors = new Map<string, TensorRef>();
  const unsupported = new Map<string, string>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const elementType = safetensorsTypes.get(dtype)?.elementType;
    if (elementType === undefined) unsupported.set(name, dtype);
    else {
      const offset = source.dataStart + begin;
      const length = end - begin;
      tensors.set(name, { file: source.file, offset, length, dtype: elementType, shape });
    }
  }
  return { tensors, unsupported };
}

function parseObject(json: string, { label }: HeaderSource): object {
  let value: unknown;
  try {
    value = parseStrictJson(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw new LayersenseError(
      'checkpoint_invalid',
      `The header of ${label} is not valid JSON: ${reason}. Download or export the file again.`,
      { file: label },
      { cause },
    );
  }
  if (isObject(value)) return value;
  throw new LayersenseError('checkpoint_invalid', `The header of ${label} is not a JSON object.`, {
    file: label,
  });
}

function parseEntry(name: string, value: unknown, source: HeaderSource): Entry {
  const fail = (problem: string) => invalidTensor(source, name, problem);
  // A run's rows have its name, and PostgreSQL stores no NUL.
  if (/[\p{Cc}\p{Cs}]/u.test(name)) {
    throw fail('has a control character or half a surrogate pair in its name');
  }
  if (!isObject(value)) throw fail('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw fail('has no dtype');
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw fail('has a shape that is not a list of non-negative integers');
  }
  if (shape.length > MAX_RANK) throw fail(`has ${shape.length} dimensions, more than ${MAX_RANK}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail('has data_offsets that are not two non-negative integers');
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail(`begins at byte ${begin}, after its end at ${end}`);
  if (end > source.dataBytes) {
    throw fail(`ends at byte ${end}, but the file holds only ${source.dataBytes} (truncated?)`);
  }
  const bytes = byteLength(dtype, shape);
  if (Number.isNaN(bytes)) throw fail('has a shape with more elements than any file can hold');
  if (bytes !== undefined && bytes !== end - begin) {
    throw fail(`has ${end - begin} bytes where ${dtype} [${shape.join(', ')}] needs ${bytes}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Bytes of a tensor, `undefined` for a type newer than this table. NaN when beyond 2^53. */
function byteLength(dtype: string, shape: readonly number[]): number | undefined {
  const type = safetensorsTypes.get(dtype);
  if (type === undefined) return undefined;
  let bits = type.bits;
  for (const size of shape) {
    bits *= size;
    if (!Number.isSafeInteger(bits)) return Number.NaN;
  }
  return bits / 8;
}

function assertCoversData(entries: readonly Entry[], source: HeaderSource): void {
  const inOrder = entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of inOrder) {
    if (begin < covered) throw invalidTensor(source, name, 'overlaps the bytes of another tensor');
    if (begin > covered) {
      throw invalidTensor(source, name, `leaves ${begin - covered} unused bytes before it`);
    }
    covered = end;
  }
  if (covered === source.dataBytes) return;
  throw new LayersenseError(
    'checkpoint_invalid',
    `${source.label} has ${source.dataBytes - covered} bytes after its last tensor. Download or export it again.`,
    { file: source.label },
  );
}

function invalidTensor({ label }: HeaderSource, name: string, problem: string): LayersenseError {
  const tensor = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return new LayersenseError(
    'checkpoint_invalid',
    `Tensor ${JSON.stringify(tensor)} of ${label} ${problem}. Download or export the file again.`,
    { file: label, tensor },
  );
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
