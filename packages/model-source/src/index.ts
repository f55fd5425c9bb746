export { allowedPath } from './allowed-path.js';
export type { Floats } from './decode-floats.js';
export { type FileLock, tryFileLock } from './file-lock.js';
export { globPattern } from './glob-pattern.js';
export { hashFile } from './hash-file.js';
export { CacheHold } from './hub/cache-hold.js';
export { keptFolder } from './hub/kept-folder.js';
export { type HubSettings, hubSettingsFromEnvironment } from './hub/settings.js';
export type { ModelFile } from './model-file.js';
export { type OnnxFile, openOnnx } from './onnx/open-onnx.js';
export { type Checkpoint, openCheckpoint } from './open-checkpoint.js';
export { asPathIfPresent, isDatasetPath } from './path-name.js';
export { readTensor, tensorChunks } from './read-tensor.js';
export { requireTensor } from './require-tensor.js';
export {
  type DatasetFiles,
  type ResolveDatasetOptions,
  resolveDatasetFiles,
} from './resolve-dataset-files.js';
export { type ResolveModelOptions, resolveModel } from './resolve-model.js';
export type { ResolvedModel, SourceOptions, SourceProgress } from './resolved-model.js';
export { readSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';
export { assertNotQuantized } from './stored/assert-not-quantized.js';
export { sameValues } from './stored/same-values.js';
export { assertAllKnown, sortTensors } from './stored/sort-tensors.js';
