import type { Graph, Node } from '../graph/graph.js';

/**
 * The graph's nodes with those first that depend on weights and constants alone, such as the Cast of
 * a bfloat16 weight. ONNX Runtime runs a node's producers in descending order of their place in the
 * list: a Cast that stands after the layer before it would run before it, and so would the Casts of
 * all layers, every one of them keeping a float32 copy of its weight until its layer is reached.
 */
export function weightNodesFirst(graph: Graph): readonly Node[] {
  const fixed = new Set(['', ...graph.initializers.keys()]);
  const first: Node[] = [];
  const rest: Node[] = [];
  for (const node of graph.nodes) {
    const ready = node.inputs.every((name) => fixed.has(name));
    (ready ? first : rest).push(node);
    if (ready) for (const name of node.outputs) fixed.add(name);
  }
  return [...first, ...rest];
}
