import type { RunModel } from '@layersense/contracts';
import {
  type Checkpoint,
  hashFile,
  type ResolvedModel,
  sortTensors,
} from '@layersense/model-source';
import { elementCount } from '@layersense/onnx-ir';
import type { OpenedModel } from './open-model.js';

/** The provenance of a model: what it is called, and what its files hold. */
export async function describeModel(
  { name, revision, files: resolved }: ResolvedModel,
  checkpoint: Checkpoint,
  dequantized: OpenedModel['dequantized'],
  signal: AbortSignal,
): Promise<RunModel> {
  const { config, files } = checkpoint;
  const known = new Map(resolved.map((file) => [file.name, file.sha256]));
  const hashed = [];
  for (const file of files) {
    const sha256 = known.get(file.name) ?? (await hashFile(file.path, signal));
    hashed.push({ name: file.name, sha256 });
  }
  const refs = [...sortTensors(checkpoint).weights.values(), ...dequantized.values()];
  return {
    name,
    revision,
    model_type: modelType(config),
    parameters: refs.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    dtype: [...new Set(refs.map(({ dtype }) => dtype))].sort().join(', ') || null,
    files: hashed,
  };
}

function modelType(config: unknown): string | null {
  const type = config && typeof config === 'object' && 'model_type' in config && config.model_type;
  return typeof type === 'string' ? type : null;
}
