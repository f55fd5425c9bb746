import { executionOrder } from './execution-order.js';
import type { Graph, Node } from './graph.js';
import { storageNames, valueBytes } from './storage.js';

export interface MemoryEstimate {
  /** The most that is alive at once of what the graph computes. */
  readonly activationBytes: number;
  /** Of the stored tensors the graph maps. */
  readonly weightBytes: number;
}

/** Operators that write over an input of the same size when nobody needs it any more. */
const IN_PLACE: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Exp', 'Sqrt', 'Reciprocal', 'Sigmoid', 'Tanh', 'Relu'],
  ...['Softmax', 'Where', 'Max', 'Min', 'Abs', 'Log', 'Pow', 'ScatterElements', 'Clip'],
]);

/**
 * What one run of a graph needs, from the sizes and lifetimes of its values in execution order. A
 * value lives from its node to its last use; graph outputs live on.
 */
export function estimateMemory(graph: Graph): MemoryEstimate {
  const order = executionOrder(graph);
  const storage = storageNames(order, graph);
  const lastUse = new Map<string, number>();
  order.forEach((node, i) => {
    for (const name of node.inputs) lastUse.set(storage(name), i);
  });
  for (const { name } of graph.outputs) lastUse.set(storage(name), order.length);

  const size = (name: string): number => valueBytes(graph.values.get(name));
  const alive = new Map<string, number>();
  let current = 0;
  let peak = 0;
  order.forEach((node, i) => {
    const reused = reusableInput(node, i, alive, lastUse, storage, size);
    for (const name of node.outputs) {
      if (name === '' || storage(name) !== name) continue;
      alive.set(name, size(name));
      current += size(name);
    }
    if (reused !== undefined) current -= alive.get(reused) ?? 0;
    peak = Math.max(peak, current);
    if (reused !== undefined) current += alive.get(reused) ?? 0;
    for (const [name, bytes] of alive) {
      if ((lastUse.get(name) ?? -1) > i) continue;
      alive.delete(name);
      current -= bytes;
    }
  });
  return { activationBytes: peak, weightBytes: weightBytes(graph) };
}

function reusableInput(
  node: Node,
  index: number,
  alive: ReadonlyMap<string, number>,
  lastUse: ReadonlyMap<string, number>,
  storage: (name: string) => string,
  size: (name: string) => number,
): string | undefined {
  if (!IN_PLACE.has(node.opType)) return undefined;
  const needed = size(node.outputs[0] ?? '');
  return node.inputs
    .map(storage)
    .find((name) => alive.get(name) === needed && lastUse.get(name) === index);
}

function weightBytes({ initializers }: Graph): number {
  let sum = 0;
  for (const initializer of initializers.values()) {
    if (initializer.kind === 'external') sum += initializer.ref.length;
  }
  return sum;
}
