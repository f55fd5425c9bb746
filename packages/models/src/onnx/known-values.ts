import {
  elementCount,
  foldNode,
  GraphError,
  type Initializer,
  type InlineTensor,
  inferOutputs,
  intAttribute,
  type Node,
  operatorKey,
  type TensorType,
  type Value,
} from '@layersense/onnx-ir';
import type { Arithmetic } from '../forward.js';
import { computedTensor } from './arithmetic-types.js';

/** Larger results of shape and mask computations are left to the runtime. */
const MAX_FOLDED_ELEMENTS = 2 ** 16;
/** No tensor of a model that fits on a machine has more. */
const MAX_ELEMENTS = 2 ** 40;

/** The values of a graph whose elements are known before it runs: what follows from shapes alone. */
export class KnownValues {
  readonly #tensors = new Map<string, InlineTensor>();

  constructor(
    private readonly initializers: ReadonlyMap<string, Initializer>,
    private readonly arithmetic: Arithmetic,
  ) {}

  set(name: string, tensor: InlineTensor): void {
    this.#tensors.set(name, computedTensor(tensor, this.arithmetic));
  }

  /** A constant of the file or a folded value. */
  folded(name: string): InlineTensor | undefined {
    return this.#tensors.get(name);
  }

  /** What `folded` gives, or a stored number or integer tensor: a float vector may be a parameter. */
  get(name: string): InlineTensor | undefined {
    const folded = this.#tensors.get(name);
    const stored = this.initializers.get(name);
    if (folded || stored?.kind !== 'inline') return folded;
    const tensor = computedTensor(stored.tensor, this.arithmetic);
    const integral = tensor.dtype !== this.arithmetic && tensor.dtype !== 'float64';
    return integral || tensor.data.length === 1 ? tensor : undefined;
  }

  /** The largest element of a known value; -1 for others. */
  largest(name: string): number {
    return Array.from(this.#tensors.get(name)?.data ?? []).reduce((a, b) => Math.max(a, b), -1);
  }

  isEmpty(name: string): boolean {
    return this.#tensors.get(name)?.data.length === 0;
  }

  /** Computes the node's outputs if all it reads is known; whether it did. `shape` is input 0's. */
  fold(node: Node, shape: () => readonly number[]): boolean {
    if (node.opType === 'Shape' || node.opType === 'Size') {
      this.#tensors.set(node.outputs[0] ?? '', measure(node, shape()));
      return true;
    }
    const known = node.inputs.map((name) => (name === '' ? undefined : this.get(name)));
    if (node.inputs.some((name, i) => name !== '' && !known[i])) return false;
    const inputs = known.map((tensor, i) => tensor && { ...tensor, name: node.inputs[i] ?? '' });
    const types = this.infer(node, inputs, () => undefined);
    if (types.some((type) => elementCount(type.shape) > MAX_FOLDED_ELEMENTS)) return false;
    const results = foldNode(node, known, types);
    results?.forEach((tensor, i) => {
      this.#tensors.set(node.outputs[i] ?? '', tensor);
    });
    return results !== undefined;
  }

  /**
   * The types of a node's outputs.
   * @param elsewhere elements of values that are not known here, by name.
   * @throws GraphError for shapes that no tensor has.
   */
  infer(
    node: Node,
    inputs: readonly (Value | undefined)[],
    elsewhere: (name: string) => readonly number[] | undefined,
  ): readonly TensorType[] {
    const types = inferOutputs(node, inputs, (name) => {
      const known = this.get(name);
      return known ? Array.from(known.data) : elsewhere(name);
    });
    for (const { shape } of types) {
      const possible = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
      if (possible && elementCount(shape) <= MAX_ELEMENTS) continue;
      throw new GraphError(`${operatorKey(node)} ${node.name} has the shape [${shape}]`);
    }
    return types;
  }
}

function measure(node: Node, shape: readonly number[]): InlineTensor {
  if (node.opType === 'Size') return { dtype: 'int64', shape: [], data: [elementCount(shape)] };
  const start = intAttribute(node, 'start', 0);
  const data = shape.slice(start, intAttribute(node, 'end', shape.length));
  return { dtype: 'int64', shape: [data.length], data };
}
