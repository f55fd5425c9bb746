export {
  buildForward,
  listParameters,
  type ParsedModel,
  parseModel,
  supportedModelTypes,
} from './build-forward.js';
export type { Arithmetic, BatchShape, ForwardGraph } from './forward.js';
