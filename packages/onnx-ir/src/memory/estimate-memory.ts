import type { Graph, Node } from '../graph/graph.js';
import { executionOrder } from './execution-order.js';
import { storageNames, valueBytes } from './storage.js';

export interface MemoryEstimate {
  /** The most that is held at once for what the graph computes. */
  readonly activationBytes: number;
  /** Bytes of the stored tensors that the graph maps. */
  readonly weightBytes: number;
}

/** Operators that write over an input of the same size when nobody needs it any more. */
const IN_PLACE: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Exp', 'Sqrt', 'Reciprocal', 'Sigmoid', 'Tanh', 'Relu'],
  ...['Where', 'Max', 'Min', 'Abs', 'Log', 'Pow', 'ScatterElements', 'Clip'],
]);

/**
 * What one run of a graph needs, from the sizes and lifetimes of its buffers in execution order.
 *
 * ONNX Runtime plans them ahead (onnxruntime/core/framework/allocation_planner.cc): a value is written
 * over an input that nobody needs any more, where its operator allows that; or into the buffer of a
 * dead value of the same shape, the one that died last; or into a buffer of its own. A buffer lives
 * from its first value to the last use of its last, also while none of them is alive. Outputs of the
 * graph have buffers of their own and live on.
 */
export function estimateMemory(graph: Graph): MemoryEstimate {
  const order = executionOrder(graph);
  return {
    activationBytes: highest(planBuffers(graph, order), order.length),
    weightBytes: weightBytes(graph),
  };
}

/** Memory that values lie in one after the other. */
interface Buffer {
  readonly bytes: number;
  /** Places in the execution order: of its first value's node and of its last value's last use. */
  readonly from: number;
  to: number;
}

function planBuffers(graph: Graph, order: readonly Node[]): readonly Buffer[] {
  const storage = storageNames(order, graph);
  const lastUse = new Map<string, number>();
  order.forEach((node, i) => {
    for (const name of [...node.outputs, ...node.inputs]) lastUse.set(storage(name), i);
  });
  const kept = new Set(graph.outputs.map(({ name }) => storage(name)));
  for (const name of kept) lastUse.set(name, order.length);

  const buffers: Buffer[] = [];
  const bufferOf = new Map<string, Buffer>();
  const dead = new Map<string, Buffer[]>();
  order.forEach((node, i) => {
    const made = node.outputs.filter((name) => name !== '' && storage(name) === name);
    const read = node.inputs.map(storage).filter((name) => bufferOf.has(name));
    const dying = new Set([...read, ...made].filter((name) => lastUse.get(name) === i));
    for (const name of made) {
      const own = { bytes: valueBytes(graph.values.get(name)), from: i, to: i };
      const buffer = kept.has(name)
        ? own
        : (overwritable(node, read, dying, bufferOf, own.bytes) ??
          dead.get(layoutOf(graph, name))?.pop() ??
          own);
      if (buffer === own) buffers.push(own);
      buffer.to = Math.max(buffer.to, lastUse.get(name) ?? i);
      bufferOf.set(name, buffer);
    }
    for (const name of dying) {
      const buffer = bufferOf.get(name);
      if (!buffer || buffer.to > i) continue;
      const layout = layoutOf(graph, name);
      const alike = dead.get(layout);
      if (alike) alike.push(buffer);
      else dead.set(layout, [buffer]);
    }
  });
  return buffers;
}

/** The buffer of an input that a node may write over. */
function overwritable(
  { opType }: Node,
  read: readonly string[],
  dying: ReadonlySet<string>,
  bufferOf: ReadonlyMap<string, Buffer>,
  bytes: number,
): Buffer | undefined {
  if (!IN_PLACE.has(opType)) return undefined;
  return read
    .flatMap((name) => (dying.has(name) ? (bufferOf.get(name) ?? []) : []))
    .find((buffer) => buffer.bytes === bytes);
}

function layoutOf({ values }: Graph, name: string): string {
  const value = values.get(name);
  return `${value?.dtype}[${value?.shape}]`;
}

function highest(buffers: readonly Buffer[], steps: number): number {
  const changes = new Float64Array(steps + 2);
  for (const { bytes, from, to } of buffers) {
    changes[from] = (changes[from] ?? 0) + bytes;
    changes[to + 1] = (changes[to + 1] ?? 0) - bytes;
  }
  let [current, peak] = [0, 0];
  for (const change of changes) {
    current += change;
    peak = Math.max(peak, current);
  }
  return peak;
}

function weightBytes({ initializers }: Graph): number {
  let sum = 0;
  for (const initializer of initializers.values()) {
    if (initializer.kind === 'external') sum += initializer.ref.length;
  }
  return sum;
}
