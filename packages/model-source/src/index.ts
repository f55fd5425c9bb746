export type { ModelFile } from './model-file.js';
export { type Checkpoint, openCheckpoint } from './open-checkpoint.js';
export { readSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';
