import { decompose } from '@layersense/autodiff';
import type { DifferentiableModel } from './build-sensitivity-graph.js';

/**
 * The model with every fused operator written out, as an ONNX file's must be before it can be
 * differentiated. Parameters keep their names.
 */
export function decomposeModel<M extends DifferentiableModel>(model: M): M {
  const { g, value } = decompose(model.builder.build([model.logits]));
  return { ...model, builder: g, logits: value(model.logits.name) };
}
