import type { Graph, Node } from '../graph/graph.js';

/**
 * Gives every further use of a widened weight a Cast of its own. A weight is used in the forward
 * and in the backward pass; a shared Cast would keep its float32 copy alive in between, and with it
 * the copies of all layers at once. The runtime must leave CommonSubexpressionElimination out, which
 * would merge the Casts again.
 */
export function oneCastPerUse(graph: Graph): Graph {
  const casts = new Map<string, Node>();
  for (const node of graph.nodes) {
    const [weight = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (node.opType !== 'Cast' || graph.initializers.get(weight)?.kind !== 'external') continue;
    casts.set(output, node);
  }
  const uses = new Map<string, number>();
  const values = new Map(graph.values);
  const nodes = graph.nodes.flatMap((node) => {
    const copies: Node[] = [];
    const inputs = node.inputs.map((name) => {
      const cast = casts.get(name);
      const earlier = uses.get(name) ?? 0;
      uses.set(name, earlier + 1);
      if (!cast || earlier === 0) return name;
      const copy = `${name}#use${earlier}`;
      copies.push({ ...cast, name: copy, outputs: [copy] });
      const value = values.get(name);
      if (value) values.set(copy, { ...value, name: copy });
      return copy;
    });
    return copies.length === 0 ? [node] : [...copies, { ...node, inputs }];
  });
  return { ...graph, nodes, values };
}
