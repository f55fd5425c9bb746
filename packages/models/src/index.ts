export {
  buildForward,
  layerCount,
  listParameters,
  parseModel,
  type ScoredParameter,
  supportedModelTypes,
} from './build-forward.js';
export { type DeclaredTie, declaredTies } from './declared-ties.js';
export type {
  Arithmetic,
  BatchShape,
  ForwardGraph,
  ForwardOptions,
  ParameterPart,
  Routing,
} from './forward.js';
export {
  type LaidOutMatrix,
  layoutOf,
  type MatrixLayout,
  type MatrixRows,
  matrixLayouts,
  stackLayout,
} from './matrix-layouts.js';
export { type Classes, classesOf, headlessName, padIdOf } from './model-task.js';
export { buildOnnxForward, type OnnxForwardOptions } from './onnx/build-onnx-forward.js';
export { dequantizedValues } from './onnx/dequantized-values.js';
export { orInvalidFile } from './onnx/errors.js';
export { onnxMatrixLayouts } from './onnx/onnx-matrix-layouts.js';
export { type OnnxModel, parseOnnxModel } from './onnx/onnx-model.js';
export type { OnnxParameter } from './onnx/onnx-parameters.js';
export { maxPositionsOf, onnxTask, vocabularyOf } from './onnx/onnx-task.js';
export { storedTypeOf } from './onnx/quantized-tensor.js';
export type { ReadStored } from './onnx/same-content.js';
export type { ParsedModel } from './parsed-model.js';
export { storedNames, unconvertedName } from './stored-names.js';
