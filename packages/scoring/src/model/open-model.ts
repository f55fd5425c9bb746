import {
  assertNotQuantized,
  type Checkpoint,
  type OnnxFile,
  openCheckpoint,
  openOnnx,
  type ResolvedModel,
} from '@layersense/model-source';
import {
  headlessName,
  type MatrixLayout,
  matrixLayouts,
  onnxMatrixLayouts,
  type ParsedModel,
  parseModel,
  parseOnnxModel,
} from '@layersense/models';
import { dequantizedWeights, onnxArchitecture, onnxTensors } from './onnx-architecture.js';
import type { DequantizedWeight } from './opened-job.js';
import { tieWeights } from './tie-weights.js';

/** A model on this machine, whatever kind of files it is made of. */
export interface OpenedModel {
  readonly kind: 'checkpoint' | 'onnx';
  /** Its files and stored tensors; those of an ONNX file under the names of its parameters. */
  readonly checkpoint: Checkpoint;
  /** The parameters that its files store as integers; they are not in `checkpoint.tensors`. */
  readonly dequantized: ReadonlyMap<string, DequantizedWeight>;
  /** Stored tensors that are another one again; they are not in `checkpoint.tensors`. */
  readonly copies: readonly string[];
  /** What a reader of the numbers must know of the files. */
  readonly notes: readonly string[];
  /** @throws LayersenseError for a model that has no Fisher scores. */
  readonly architecture: () => ParsedModel;
  /**
   * What the axes of its matrices mean, by parameter.
   * @throws LayersenseError for a checkpoint of a model that has no Fisher scores.
   */
  readonly layouts: () => ReadonlyMap<string, MatrixLayout>;
}

/** @throws LayersenseError those of `openCheckpoint`, `assertNotQuantized`, `openOnnx` and `parseOnnxModel`. */
export async function openModel({ folder, onnxFile }: ResolvedModel): Promise<OpenedModel> {
  if (onnxFile !== undefined) return openOnnxModel(await openOnnx(folder, onnxFile));
  const stored = await openCheckpoint(folder);
  assertNotQuantized(stored);
  const { checkpoint, copies, notes } = await tieWeights(stored);
  const architecture = once(() => parseModel(checkpoint.config));
  const headless = headlessName(checkpoint.config);
  return {
    kind: 'checkpoint',
    checkpoint,
    dequantized: new Map(),
    copies,
    notes: headless === undefined ? notes : [...notes, withoutHead(headless)],
    architecture,
    layouts: once(() => matrixLayouts(architecture(), checkpoint.tensors)),
  };
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
    copies: [],
    notes: [],
    architecture: once(() => onnxArchitecture(model, config)),
    layouts: once(() => onnxMatrixLayouts(model)),
  };
}

function withoutHead(name: string): string {
  return `config.json names ${name}, which has no head: it is taken for a model of the next token`;
}

/** An ONNX file's architecture is found out by building a graph. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
