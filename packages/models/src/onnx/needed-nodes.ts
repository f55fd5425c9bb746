import { type DecodedModel, type DecodedNode, GraphError } from '@layersense/onnx-ir';

/**
 * The nodes that `output` depends on, in the file's order, which must be topological. What else the
 * file computes (the next state of a key-value cache) is left out.
 *
 * @throws GraphError when a node uses a value before it exists, or none makes `output`.
 */
export function neededNodes(model: DecodedModel, output: string): readonly DecodedNode[] {
  const known = new Set([
    '',
    ...model.inputs.map(({ name }) => name),
    ...model.initializers.keys(),
  ]);
  for (const node of model.nodes) {
    const early = node.inputs.find((name) => !known.has(name));
    if (early !== undefined) {
      throw new GraphError(`node ${node.name} uses ${JSON.stringify(early)} before it exists`);
    }
    for (const name of node.outputs) {
      if (name !== '' && known.has(name)) throw new GraphError(`value ${name} is defined twice`);
      known.add(name);
    }
  }
  if (!known.has(output)) throw new GraphError(`nothing computes the output ${output}`);
  const needed = new Set([output]);
  const kept = model.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) return false;
    for (const name of node.inputs) needed.add(name);
    return true;
  });
  return kept.reverse();
}
