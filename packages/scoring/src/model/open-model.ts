import {
  assertNotQuantized,
  type Checkpoint,
  type OnnxFile,
  openCheckpoint,
  openOnnx,
  type ResolvedModel,
} from '@layersense/model-source';
import { type ParsedModel, parseModel, parseOnnxModel } from '@layersense/models';
import { dequantizedWeights, onnxArchitecture, onnxTensors } from './onnx-architecture.js';
import type { DequantizedWeight } from './opened-job.js';

/** A model on this machine, whatever kind of files it is made of. */
export interface OpenedModel {
  readonly kind: 'checkpoint' | 'onnx';
  /** Its files and stored tensors; those of an ONNX file under the names of its parameters. */
  readonly checkpoint: Checkpoint;
  /** The parameters that its files store as integers; they are not in `checkpoint.tensors`. */
  readonly dequantized: ReadonlyMap<string, DequantizedWeight>;
  /** @throws LayersenseError for a model that has no Fisher scores. */
  readonly architecture: () => ParsedModel;
}

/** @throws LayersenseError those of `openCheckpoint`, `assertNotQuantized`, `openOnnx` and `parseOnnxModel`. */
export async function openModel({ folder, onnxFile }: ResolvedModel): Promise<OpenedModel> {
  if (onnxFile !== undefined) return openOnnxModel(await openOnnx(folder, onnxFile));
  const checkpoint = await openCheckpoint(folder);
  assertNotQuantized(checkpoint);
  const architecture = once(() => parseModel(checkpoint.config));
  return { kind: 'checkpoint', checkpoint, dequantized: new Map(), architecture };
}

async function openOnnxModel(source: OnnxFile): Promise<OpenedModel> {
  const { config, files, tokenizerFiles, weightsFolder } = source;
  const model = await parseOnnxModel(source.decoded, source.file, source.read);
  const tensors = onnxTensors(model);
  const unsupported = new Map<string, string>();
  return {
    kind: 'onnx',
    checkpoint: { config, files, tokenizerFiles, weightsFolder, tensors, unsupported },
    dequantized: dequantizedWeights(model, source.read),
    architecture: once(() => onnxArchitecture(model, config)),
  };
}

/** An ONNX file's architecture is found out by building a graph. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
