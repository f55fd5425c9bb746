export { GraphBuilder, OPSET_VERSION, type OpOptions, sameShape } from './builder.js';
export { computeEarly } from './compute-early.js';
export { canFold, foldNode } from './constant-folding/fold-node.js';
export { countNodes } from './count-nodes.js';
export {
  type DecodedModel,
  type DecodedNode,
  type DecodedValue,
  type Dimension,
  decodeModel,
} from './decode-model.js';
export {
  dequantizeBlocks,
  firstColumns,
  isPackedWidth,
  type QuantizedBlocks,
} from './dequantize-blocks.js';
export { type EinsumEquation, parseEinsum } from './einsum-equation.js';
export {
  byteLength,
  type ElementType,
  elementTypeFromOnnxCode,
  elementTypes,
} from './element-type.js';
export { encodeModel } from './encode-model.js';
export { GraphError } from './errors.js';
export { estimateMemory, type MemoryEstimate } from './estimate-memory.js';
export { executionOrder } from './execution-order.js';
export * from './graph.js';
export { oneCastPerUse } from './one-cast-per-use.js';
export { recomputeCheapValues } from './recompute-cheap-values.js';
export { roundTo } from './round-to.js';
export {
  broadcastShapes,
  hasInferenceRule,
  inferOutputs,
  normalizeAxis,
  operatorKey,
  type TensorType,
} from './shape-inference.js';
export { sliceGraph } from './slice-graph.js';
export { tensorFromBytes } from './tensor-bytes.js';
export { type WidenedOnce, widenWeightsOnce } from './widen-weights-once.js';
