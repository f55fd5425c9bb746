import { LayersenseError } from '@layersense/contracts';
import {
  assertPredictsNextToken,
  buildOnnxForward,
  dequantizedValues,
  maxPositionsOf,
  type OnnxModel,
  orInvalidFile,
  type ParsedModel,
  type ReadStored,
  storedTypeOf,
  vocabularyOf,
} from '@layersense/models';
import type { TensorRef } from '@layersense/onnx-ir';
import { decomposeModel } from '@layersense/sensitivity';
import type { DequantizedWeight } from './opened-job.js';

/**
 * An ONNX file as an architecture: its graph is imported and written out for every batch shape.
 * @throws LayersenseError `model_type_unsupported`, `config_invalid`, `tensor_mismatch`
 */
export function onnxArchitecture(model: OnnxModel, config: unknown): ParsedModel {
  assertPredictsNextToken(model, config);
  return {
    modelType: model.file,
    file: model.file,
    vocabulary: vocabularyOf(buildOnnxForward(model, { batch: 1, length: 2 })),
    maxPositions: maxPositionsOf(config),
    build: (_, shape, arithmetic) => {
      const forward = buildOnnxForward(model, shape, { arithmetic });
      return orInvalidFile(model.file, () => decomposeModel(forward));
    },
  };
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
