import { byteLength } from '../graph/element-type.js';
import { elementCount, type Graph, type Node, type Value } from '../graph/graph.js';

/** Operators whose output is their first input under another shape. */
const VIEWS: ReadonlySet<string> = new Set([
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Identity',
]);

export function isView({ opType }: Node): boolean {
  return VIEWS.has(opType);
}

/** The value whose memory a value lies in: itself, or the source of a chain of views. */
export function storageNames(
  nodes: readonly Node[],
  graph: Pick<Graph, 'initializers'>,
): (name: string) => string {
  const source = new Map<string, string>();
  for (const node of nodes) {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (!isView(node) || graph.initializers.has(input)) continue;
    source.set(output, source.get(input) ?? input);
  }
  return (name) => source.get(name) ?? name;
}

export function valueBytes(value: Value | undefined): number {
  return value ? byteLength(value.dtype, elementCount(value.shape)) : 0;
}
