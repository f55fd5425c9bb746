import type { Graph } from '../graph/graph.js';

/**
 * The same graph with the nodes that nothing but `output` needs at the end of the list. ONNX Runtime
 * goes through the list from its end: what stands there runs as soon as its inputs exist, and does
 * not keep them alive until the rest is done.
 */
export function computeEarly(graph: Graph, output: string): Graph {
  const needed = new Set(graph.outputs.flatMap(({ name }) => (name === output ? [] : [name])));
  const elsewhere = new Set(
    graph.nodes.toReversed().filter((node) => {
      const isNeeded = node.outputs.some((name) => needed.has(name));
      if (isNeeded) for (const name of node.inputs) needed.add(name);
      return isNeeded;
    }),
  );
  const rest = graph.nodes.filter((node) => elsewhere.has(node));
  const early = graph.nodes.filter((node) => !elsewhere.has(node));
  return { ...graph, nodes: [...rest, ...early] };
}
