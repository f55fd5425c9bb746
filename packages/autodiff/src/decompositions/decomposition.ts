import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import type { OperatorView } from '../vjp.js';

/**
 * Writes a fused operator with operators that have differentiation rules. Returns its outputs in
 * order; `undefined` where it leaves one out that no known exporter reads. Returns `undefined` for a
 * node that stays as it is.
 */
export type Decomposition = (
  operator: OperatorView,
  g: GraphBuilder,
) => readonly (Value | undefined)[] | undefined;
