export { canFold, foldNode } from './constant-folding/fold-node.js';
export { GraphBuilder, OPSET_VERSION, type OpOptions, sameShape } from './graph/builder.js';
export {
  dequantizeBlocks,
  firstColumns,
  isPackedWidth,
  type QuantizedBlocks,
} from './graph/dequantize-blocks.js';
export {
  byteLength,
  type ElementType,
  elementTypeFromOnnxCode,
  elementTypes,
} from './graph/element-type.js';
export { GraphError } from './graph/errors.js';
export * from './graph/graph.js';
export { type EinsumEquation, parseEinsum } from './inference/einsum-equation.js';
export { hasInferenceRule, inferOutputs } from './inference/infer-outputs.js';
export type { TensorType } from './inference/inference-rule.js';
export { broadcastShapes, normalizeAxis } from './inference/shapes.js';
export { estimateMemory, type MemoryEstimate } from './memory/estimate-memory.js';
export { executionOrder } from './memory/execution-order.js';
export { computeEarly } from './passes/compute-early.js';
export { oneCastPerUse } from './passes/one-cast-per-use.js';
export { recomputeCheapValues } from './passes/recompute-cheap-values.js';
export {
  type Redirect,
  redirectInitializer,
  redirectWeights,
  stretchOf,
} from './passes/redirect-weights.js';
export { sliceGraph } from './passes/slice-graph.js';
export { type WidenedOnce, widenWeightsOnce } from './passes/widen-weights-once.js';
export { countNodes } from './serde/count-nodes.js';
export {
  type DecodedModel,
  type DecodedNode,
  type DecodedValue,
  type Dimension,
  decodeModel,
} from './serde/decode-model.js';
export { encodeModel } from './serde/encode-model.js';
export { roundTo } from './serde/round-to.js';
export { tensorFromBytes } from './serde/tensor-bytes.js';
