import { basename } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { listCheckpointFiles } from './checkpoint-files.js';
import type { ModelFile } from './model-file.js';
import { chooseOnnxFile } from './onnx/choose-onnx-file.js';
import { listOnnxFiles, onnxFilesIn } from './onnx/onnx-files.js';

export interface ModelFiles {
  readonly files: readonly ModelFile[];
  /** Of an ONNX model, relative to the folder; absent for a checkpoint. */
  readonly onnxFile?: string;
}

/**
 * The files of a model folder that this project uses: a checkpoint's, or where there is none an ONNX
 * model's.
 *
 * @throws LayersenseError those of `listCheckpointFiles` and `listOnnxFiles`.
 */
export async function listModelFiles(folder: string): Promise<ModelFiles> {
  try {
    const { files } = await listCheckpointFiles(folder);
    return { files };
  } catch (error) {
    if (!(error instanceof LayersenseError) || !WITHOUT_CHECKPOINT.includes(error.code))
      throw error;
    const onnxFile = chooseOnnxFile(basename(folder), await onnxFilesIn(folder));
    if (onnxFile === undefined) throw error;
    return { files: await listOnnxFiles(folder, onnxFile), onnxFile };
  }
}

const WITHOUT_CHECKPOINT: readonly string[] = ['config_invalid', 'checkpoint_missing'];
