import { LayersenseError } from '@layersense/contracts';

/** Where optimum, onnxruntime-genai and the onnx-community put the one file that is meant. */
const USUAL_NAMES = [
  'model.onnx',
  'onnx/model.onnx',
  'decoder_model.onnx',
  'onnx/decoder_model.onnx',
];

/**
 * The ONNX file that a folder or repository with these files is about; `undefined` where there is
 * none. Beside the usual name there may be others: the same model quantised or optimised.
 *
 * @param files names relative to the folder, with forward slashes.
 * @throws LayersenseError `checkpoint_missing` when there are several and none has a usual name.
 */
export function chooseOnnxFile(model: string, files: readonly string[]): string | undefined {
  const found = files.filter((name) => name.endsWith('.onnx'));
  const usual = USUAL_NAMES.find((name) => found.includes(name));
  if (usual !== undefined || found.length < 2) return usual ?? found[0];
  throw new LayersenseError(
    'checkpoint_missing',
    `${model} holds ${found.length} ONNX files (${found.slice(0, 5).join(', ')}) and none named model.onnx. Name the file itself.`,
    { model, files: found.slice(0, 20) },
  );
}
