import { type Graph, GraphBuilder, type Node, operatorKey, type Value } from '@layersense/onnx-ir';
import { decompositions, isDecomposedOp } from './decompositions/index.js';
import { viewOperator } from './node-view.js';

/** A graph under construction that computes what another one does. */
export interface DecomposedGraph {
  readonly g: GraphBuilder;
  /** What stands for a value of the original graph, given by its name there. @throws GraphError */
  value(name: string): Value;
}

/**
 * Copies `graph` with every fused operator written out, so that it can be differentiated. Nodes
 * that are not decomposed, and their outputs, keep their names; what replaces a node is named
 * after it, with `#decomposed`.
 *
 * @throws LayersenseError `unsupported_operator` for a variant of a fused operator that has no formula.
 */
export function decompose(graph: Graph): DecomposedGraph {
  const g = new GraphBuilder(graph.name, graph.opsetVersion);
  for (const { name, dtype, shape } of graph.inputs) g.input(name, dtype, shape);
  for (const [name, initializer] of graph.initializers) g.initializer(name, initializer);
  const replaced = new Map<string, Value>();
  for (const original of graph.nodes) {
    const inputs = original.inputs.map((name) => replaced.get(name)?.name ?? name);
    const node: Node = { ...original, inputs };
    const outputs = decomposeNode(g, node);
    if (!outputs) g.append(node);
    for (const [i, name] of (outputs ? node.outputs : []).entries()) {
      const output = outputs?.[i];
      if (name !== '' && output) replaced.set(name, output);
    }
  }
  return { g, value: (name) => replaced.get(name) ?? g.value(name) };
}

function decomposeNode(g: GraphBuilder, node: Node): readonly (Value | undefined)[] | undefined {
  const key = operatorKey(node);
  if (!isDecomposedOp(key)) return undefined;
  return g.scope(`${node.name}#decomposed`, () => decompositions[key](viewOperator(g, node), g));
}
