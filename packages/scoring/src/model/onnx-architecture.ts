import { LayersenseError } from '@layersense/contracts';
import {
  buildOnnxForward,
  classesOf,
  dequantizedValues,
  type ForwardGraph,
  maxPositionsOf,
  type OnnxModel,
  onnxTask,
  orInvalidFile,
  type ParsedModel,
  padIdOf,
  type ReadStored,
  storedTypeOf,
  vocabularyOf,
} from '@layersense/models';
import type { TensorRef } from '@layersense/onnx-ir';
import { decomposeModel } from '@layersense/sensitivity';
import type { DequantizedWeight } from './opened-job.js';

/**
 * An ONNX file as an architecture: its graph is imported and written out for every batch shape.
 * @throws LayersenseError `model_type_unsupported`, `loss_unsupported`, `config_invalid`,
 *   `tensor_mismatch`
 */
export function onnxArchitecture(model: OnnxModel, config: unknown): ParsedModel {
  const task = onnxTask(model, config);
  const encoder = task !== 'causal-lm';
  const smallest = buildOnnxForward(model, PROBE, { encoder });
  const perSequence = task === 'sequence-classification';
  assertRows(smallest, perSequence, model.file);
  return {
    modelType: model.file,
    file: model.file,
    task,
    ...(perSequence ? { classes: classesOf(config, smallest.logits.shape.at(-1) ?? 0) } : {}),
    vocabulary: vocabularyOf(smallest),
    maxPositions: maxPositionsOf(config),
    padId: padIdOf(config),
    segments: model.decoded.inputs.some(({ name }) => name === 'token_type_ids'),
    build: (_, shape, { arithmetic } = {}) => {
      const forward = buildOnnxForward(model, shape, { arithmetic, encoder });
      return orInvalidFile(model.file, () => decomposeModel(forward));
    },
  };
}

/** A shape whose one row per sequence and rows per token differ in number. */
const PROBE = { batch: 1, length: 2 };

/** config.json and the file may be of different heads. */
function assertRows({ logits }: ForwardGraph, perSequence: boolean, file: string): void {
  const rows = perSequence ? PROBE.batch : PROBE.batch * PROBE.length;
  if (logits.shape[0] === rows) return;
  throw new LayersenseError(
    'tensor_mismatch',
    `${file} has logits for every ${perSequence ? 'token' : 'sequence'}, but its config.json describes a model with logits for every ${perSequence ? 'sequence' : 'token'}. Put the config.json of the exported model beside it.`,
    { file },
  );
}

/** The file's parameters as stored tensors of the shapes that their modules hold. */
export function onnxTensors({ file, parameters }: OnnxModel): ReadonlyMap<string, TensorRef> {
  return new Map(
    parameters.flatMap(({ name, shape, stored }) => {
      if (stored.kind === 'quantized') return [];
      if (!stored.ref) throw scattered(file, name);
      return [[name, { ...stored.ref, shape }] as const];
    }),
  );
}

/** The parameters that the file stores as integers, with the values that are scored. */
export function dequantizedWeights(
  { parameters }: OnnxModel,
  read: ReadStored,
): ReadonlyMap<string, DequantizedWeight> {
  return new Map(
    parameters.flatMap(({ name, shape, stored }) => {
      if (stored.kind !== 'quantized') return [];
      const chunks = () => dequantizedValues(stored, read);
      return [[name, { shape, dtype: storedTypeOf(stored), chunks }] as const];
    }),
  );
}

function scattered(file: string, parameter: string): LayersenseError {
  return new LayersenseError(
    'checkpoint_invalid',
    `${file} stores ${parameter} as a list of numbers and not as raw data. Load it in Python and save it again with numpy_helper.from_array.`,
    { file, tensor: parameter },
  );
}
