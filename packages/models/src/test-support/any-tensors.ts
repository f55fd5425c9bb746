import { elementCount, GraphBuilder, type Value } from '@layersense/onnx-ir';
import { Forward } from '../forward.js';
import { parseModel } from '../index.js';

/** Builds from whatever shapes an architecture asks for, and adds up their elements. */
class AnyTensors extends Forward {
  elements = 0;

  override stored(name: string, shape: readonly number[]): Value {
    if (this.g.initializers.has(name)) return this.g.value(name);
    this.parameters.push(name);
    this.elements += elementCount(shape);
    return this.g.external(name, { file: '', offset: 0, length: 0, dtype: 'bfloat16', shape });
  }
}

/** The graph that a config.json asks for and the elements of its parameters, with tensors that all fit. */
export function graphOf(config: unknown): { readonly g: GraphBuilder; readonly elements: number } {
  const g = new GraphBuilder('any');
  const forward = new AnyTensors(g, { batch: 1, length: 4 }, 'float32', new Map());
  parseModel(config).forward(forward, g.input('input_ids', 'int64', [1, 4]));
  return { g, elements: forward.elements };
}
