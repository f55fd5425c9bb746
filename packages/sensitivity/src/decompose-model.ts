import { decompose } from '@layersense/autodiff';
import type { DifferentiableModel } from './build-sensitivity-graph.js';

/**
 * The model with every fused operator written out, as an ONNX file's must be before it can be
 * differentiated. Parameters keep their names; those that the logits do not depend on are left out.
 */
export function decomposeModel<M extends DifferentiableModel>(model: M): M {
  const { g, value } = decompose(model.builder.build([model.logits]));
  const logits = value(model.logits.name);
  const needed = g.build([logits]).values;
  const parameters = model.parameters.filter((name) => needed.has(name));
  return { ...model, builder: g, logits, parameters };
}
