import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import { elementCount, type Redirect, stretchOf, type TensorRef } from '@layersense/onnx-ir';
import type { ReplacedWeight } from './variant.js';

/** Some weights in a file of their own, in the place of a checkpoint's. */
export interface WeightOverlay {
  /** What files of redirected weights are relative to. */
  readonly weightsFolder: string;
  readonly redirect: Redirect;
  /** The checkpoint's own weights, relative to that folder. */
  readonly relocate: Redirect;
  /** Removes the file. */
  close(): Promise<void>;
}

/**
 * Writes weights as float32 to a file in `folder`. ONNX Runtime maps weights from one folder and what
 * lies below it, so that of an overlay is what checkpoint and file have in common.
 *
 * @throws LayersenseError `tensor_mismatch` where there are more or fewer values than elements,
 *   `non_finite_weight`, `disk_full`
 */
export async function writeOverlay(
  folder: string,
  { weightsFolder }: Pick<Checkpoint, 'weightsFolder'>,
  weights: readonly ReplacedWeight[],
): Promise<WeightOverlay> {
  const real = await realpath(folder);
  const path = join(real, `${randomUUID()}.weights`);
  const common = commonFolder(weightsFolder, real);
  const file = relative(common, path);
  const fileOf = (name: string) => relative(common, join(weightsFolder, name));
  const written: (readonly [from: TensorRef, to: TensorRef])[] = [];
  const handle = await open(path, 'wx', 0o600);
  try {
    let offset = 0;
    for (const weight of weights) {
      const { stored } = weight;
      const length = await append(handle, weight);
      written.push([stored, { file, offset, length, dtype: 'float32', shape: stored.shape }]);
      offset += length;
    }
  } catch (error) {
    await rm(path, { force: true });
    throw explain(error, path);
  } finally {
    await handle.close();
  }
  return {
    weightsFolder: common,
    redirect: {
      replacementOf: (ref) => {
        for (const [from, to] of written) {
          const stretch = stretchOf(ref, from, to);
          if (stretch) return stretch;
        }
        return undefined;
      },
      fileOf,
    },
    relocate: { replacementOf: () => undefined, fileOf },
    close: () => rm(path, { force: true }),
  };
}

async function append(
  handle: FileHandle,
  { parameter: name, stored: { shape }, values: read }: ReplacedWeight,
): Promise<number> {
  let elements = 0;
  for await (const values of read()) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw nonFinite(name, elements + index);
    elements += values.length;
    await handle.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  if (elements === elementCount(shape)) return 4 * elements;
  throw new LayersenseError(
    'tensor_mismatch',
    `${name} has ${elementCount(shape)} elements, and its replacement ${elements}.`,
    { tensor: name },
  );
}

/** The longest folder that both lie below. */
function commonFolder(a: string, b: string): string {
  const [ours, others] = [a.split(sep), b.split(sep)];
  const common = ours.findIndex((part, i) => part !== others[i]);
  return ours.slice(0, common < 0 ? ours.length : common).join(sep) || sep;
}

function nonFinite(tensor: string, element: number): LayersenseError {
  return new LayersenseError(
    'non_finite_weight',
    `What is to replace ${tensor} is not finite at element ${element}: the format has no value for it.`,
    { tensor, element },
  );
}

function explain(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new LayersenseError(
    'disk_full',
    `There is no space left for the replaced weights (${path}). Free some, or choose another folder (SPILL_DIR of a worker, TMPDIR of the command line).`,
    { path },
    { cause: error },
  );
}
