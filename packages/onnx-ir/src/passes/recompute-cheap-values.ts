import type { Graph, Node } from '../graph/graph.js';
import { isView, storageNames, valueBytes } from '../memory/storage.js';

/** Operators that take a few operations per element: what they cost is reading and writing. */
const CHEAP: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Sqrt', 'Reciprocal', 'Pow', 'Max', 'Min', 'Clip'],
  ...['Sigmoid', 'Tanh', 'Relu', 'Erf', 'Exp', 'Log', 'Softplus', 'Softmax', 'Where', 'Cast'],
  ...[
    'SimplifiedLayerNormalization',
    'ReduceMean',
    'ReduceSum',
    'Transpose',
    'Split',
    'Concat',
    'Slice',
  ],
]);

/** A product is cheap for its size where few factors meet in an element, as in attention. */
const CHEAP_INNER_DIMENSION = 512;

/** Share of the largest value below which a value is kept: computing it again would save nothing. */
const SMALL_SHARE = 1 / 64;

/**
 * The same graph, in which the nodes outside `forward` (the backward pass and the statistics) get
 * values of the forward pass computed a second time, where that is cheap and leaves less to keep:
 * normalised activations, activation functions, attention. What stays in memory from
 * one pass to the other are results of matrix products and sums of them.
 *
 * The second computations stand between the forward and the other nodes: ONNX Runtime computes the
 * producers of a node in descending order of their place in the list, so a cotangent comes first and
 * these follow when the backward pass has reached the place they are used. The runtime must leave
 * CommonSubexpressionElimination out, which would join them with the first.
 */
export function recomputeCheapValues(graph: Graph, forward: ReadonlySet<Node>): Graph {
  const early = graph.nodes.filter((node) => forward.has(node));
  const late = graph.nodes.filter((node) => !forward.has(node));
  const read = new Set(late.flatMap((node) => node.inputs));
  const recomputable = findRecomputable(graph, early, read);

  const repeated = new Set([...read].filter((name) => recomputable.has(name)));
  const values = new Map(graph.values);
  const redirect = (name: string) => (repeated.has(name) ? again(name) : name);
  const copies = early.toReversed().flatMap((node) => {
    if (!node.outputs.some((name) => repeated.has(name))) return [];
    for (const name of [...node.inputs, ...node.outputs]) {
      const value = graph.values.get(name);
      if (!recomputable.has(name) || !value) continue;
      repeated.add(name);
      values.set(again(name), { ...value, name: again(name) });
    }
    return { ...node, name: again(node.name), outputs: node.outputs.map(redirect) };
  });
  const redirected = (node: Node) => ({ ...node, inputs: node.inputs.map(redirect) });
  const nodes = [...early, ...copies.toReversed().map(redirected), ...late.map(redirected)];
  return { ...graph, nodes, values };
}

const again = (name: string) => (name === '' ? '' : `${name}#again`);

/** Values of the forward pass that cheap operators can make again from what is kept in any case. */
function findRecomputable(
  graph: Graph,
  forward: readonly Node[],
  read: ReadonlySet<string>,
): ReadonlySet<string> {
  const storage = storageNames(forward, graph);
  const needed = new Set([...read].map(storage));
  const largest = Math.max(0, ...forward.map(({ outputs }) => bytesOf(graph, outputs)));
  const kept = new Set<string>();
  const sources: Sources = new Map();
  const recomputable = new Set<string>();
  for (const node of forward) {
    const from = new Set(node.inputs.flatMap((name) => [...(sources.get(name) ?? [])]));
    const missing = [...from].filter((name) => !kept.has(name));
    const readOutputs = node.outputs.filter((name) => needed.has(name));
    const view = isView(node);
    const repeat = view
      ? recomputable.has(node.inputs[0] ?? '')
      : from.size > 0 &&
        isCheap(graph, node, sources) &&
        !addsBranches(node, sources) &&
        bytesOf(graph, node.outputs) >= SMALL_SHARE * largest &&
        (readOutputs.length === 0 || bytesOf(graph, missing) < bytesOf(graph, readOutputs));
    for (const name of repeat && readOutputs.length > 0 ? missing : readOutputs) kept.add(name);
    for (const name of node.outputs) {
      if (repeat) recomputable.add(name);
      const given = from.size === 0 && (CHEAP.has(node.opType) || !readsWeight(graph, node));
      sources.set(name, repeat || view || given ? from : new Set([name]));
    }
  }
  return recomputable;
}

/**
 * What a value is made from by cheap operators alone: itself, where it is made by another. Empty for
 * what follows from weights and the graph's inputs.
 */
type Sources = Map<string, ReadonlySet<string>>;

function isCheap(graph: Graph, node: Node, sources: Sources): boolean {
  if (node.domain !== '') return false;
  if (CHEAP.has(node.opType)) return true;
  if (node.opType !== 'MatMul') return false;
  const ofActivations = node.inputs.every((name) => (sources.get(name)?.size ?? 0) > 0);
  const inner = graph.values.get(node.inputs[0] ?? '')?.shape.at(-1) ?? Number.POSITIVE_INFINITY;
  return ofActivations && inner <= CHEAP_INNER_DIMENSION;
}

/**
 * Whether a node adds values of different origin, as a residual connection does. Its sum is kept:
 * made again from the sum before, and so on, it would bring all layers back at once.
 */
function addsBranches({ opType, inputs }: Node, sources: Sources): boolean {
  if (opType !== 'Add' && opType !== 'Sub') return false;
  const [a = new Set<string>(), b = new Set<string>()] = inputs.map((name) => sources.get(name));
  return [...a].some((name) => !b.has(name)) && [...b].some((name) => !a.has(name));
}

function readsWeight({ initializers }: Graph, { inputs }: Node): boolean {
  return inputs.some((name) => initializers.get(name)?.kind === 'external');
}

function bytesOf({ values }: Graph, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + valueBytes(values.get(name)), 0);
}
