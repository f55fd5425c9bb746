import { GraphBuilder } from '../graph/builder.js';
import { GraphError } from '../graph/errors.js';
import type { Value } from '../graph/graph.js';

/**
 * The part of a graph that computes `outputs` from `boundary`, in a builder of its own. Values of the
 * boundary become inputs; what does not depend on them (rotary tables, masks, whatever follows from
 * the graph's own inputs) comes along and is computed again. Names stay as they are.
 */
export function sliceGraph(
  source: GraphBuilder,
  name: string,
  boundary: readonly Value[],
  outputs: readonly Value[],
): GraphBuilder {
  const given = new Set(boundary.map((value) => value.name));
  const needed = new Set(outputs.map((value) => value.name));
  const nodes = source.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output) && !given.has(output))) return false;
    for (const input of node.inputs) needed.add(input);
    return true;
  });
  const slice = new GraphBuilder(name, source.opsetVersion);
  for (const { name: input, dtype, shape } of [...source.inputs, ...boundary]) {
    if (needed.has(input)) slice.input(input, dtype, shape);
  }
  for (const [initializer, tensor] of source.initializers) {
    if (needed.has(initializer)) slice.initializer(initializer, tensor);
  }
  for (const node of nodes.reverse()) slice.append(node);
  for (const { name: output } of outputs) {
    if (!slice.values.has(output)) throw new GraphError(`nothing computes ${output}`);
  }
  return slice;
}
