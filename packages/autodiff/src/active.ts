import {
  elementTypes,
  type GraphBuilder,
  type Node,
  operatorKey,
  type Value,
} from '@layersense/onnx-ir';
import { nonDifferentiable } from './non-differentiable.js';

/** The part of a graph, as it stood, through which a derivative flows. */
export interface ActiveGraph {
  /** Nodes with an output that depends on `wrt` and that a seed depends on, in graph order. */
  readonly nodes: readonly Node[];
  /** Whether a value depends on `wrt` differentiably (the values of `wrt` themselves do). */
  dependsOnWrt(name: string): boolean;
}

/** Two linear sweeps: forwards from `wrt`, then backwards from the seeds. */
export function activeGraph(
  g: GraphBuilder,
  seeds: Iterable<string>,
  wrt: readonly Value[],
): ActiveGraph {
  const descendants = descendantsOf(g, wrt);
  const active = new Set([...seeds].filter((name) => descendants.has(name)));
  const nodes = g.nodes.toReversed().filter((node) => {
    const sources = node.inputs.filter((name) => descendants.has(name));
    const live = sources.length > 0 && carriesDerivative(node);
    if (!live || !node.outputs.some((name) => active.has(name))) return false;
    for (const name of sources) active.add(name);
    return true;
  });
  return { nodes: nodes.reverse(), dependsOnWrt: (name) => descendants.has(name) };
}

function descendantsOf(g: GraphBuilder, wrt: readonly Value[]): ReadonlySet<string> {
  const reached = new Set(wrt.map((value) => value.name));
  for (const node of g.nodes) {
    if (!carriesDerivative(node) || !node.inputs.some((name) => reached.has(name))) continue;
    for (const name of node.outputs) {
      if (name !== '' && elementTypes[g.value(name).dtype].floating) reached.add(name);
    }
  }
  return reached;
}

function carriesDerivative(node: Node): boolean {
  return !nonDifferentiable.has(operatorKey(node));
}
