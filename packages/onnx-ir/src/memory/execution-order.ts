import type { Graph, Node } from '../graph/graph.js';
import { weightNodesFirst } from '../serde/weight-nodes-first.js';

/**
 * The order ONNX Runtime runs a graph in: a depth-first walk backwards from the leaves, the leaf and
 * the producer that stand last in the list first (onnxruntime/core/graph/graph.cc,
 * `Graph::ReverseDFSFrom` with the comparison by node index). The file's own order only decides ties.
 */
export function executionOrder(graph: Graph): readonly Node[] {
  const nodes = weightNodesFirst(graph);
  const producer = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const name of node.outputs) producer.set(name, i);
  });
  const producers = nodes.map((node) => [
    ...new Set(node.inputs.flatMap((name) => producer.get(name) ?? [])),
  ]);
  const consumed = new Set(producers.flat());
  const stack = nodes.flatMap((_, i) => (consumed.has(i) ? [] : [{ index: i, leave: false }]));
  const visited = new Set<number>();
  const order: Node[] = [];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { index, leave } = top;
    const node = nodes[index];
    if (leave) {
      if (node) order.push(node);
      continue;
    }
    if (visited.has(index)) continue;
    visited.add(index);
    stack.push({ index, leave: true });
    for (const input of (producers[index] ?? []).toSorted((a, b) => a - b)) {
      if (!visited.has(input)) stack.push({ index: input, leave: false });
    }
  }
  return order;
}
