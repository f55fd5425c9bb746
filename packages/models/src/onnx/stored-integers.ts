import {
  type DecodedNode,
  elementTypes,
  type Initializer,
  inferOutputs,
  operatorKey,
} from '@layersense/onnx-ir';
import { constantOf } from './constant-of.js';
import { type NamedTensor, typeOf } from './quantized-tensor.js';

/**
 * Stored tensors by the names that nodes read them by. Integers that only take another shape are
 * stored ones still: onnxruntime-genai's tied table is its head, reshaped to rows.
 */
export class StoredIntegers {
  readonly #views = new Map<string, NamedTensor>();
  readonly #constants = new Map<string, ArrayLike<number>>();

  constructor(private readonly initializers: ReadonlyMap<string, Initializer>) {}

  /** What is stored, under its own name. */
  get(name: string): NamedTensor | undefined {
    const stored = this.initializers.get(name);
    return stored ? { name, stored } : this.#views.get(name);
  }

  /** Whether a node's output is what is stored in another shape. */
  isView(name: string): boolean {
    return this.#views.has(name);
  }

  /**
   * Takes note of a node that may give stored integers another shape; in topological order.
   * @throws GraphError where they do not fit the shape
   */
  note(node: DecodedNode): void {
    const [output = ''] = node.outputs;
    if (node.opType === 'Constant') this.#constants.set(output, constantOf(node).data);
    if (operatorKey(node) !== 'Reshape') return;
    const source = this.get(node.inputs[0] ?? '');
    const sizes = this.#elementsOf(node.inputs[1] ?? '');
    if (!source || !sizes || elementTypes[typeOf(source.stored).dtype].floating) return;
    const value = { name: source.name, ...typeOf(source.stored) };
    const [{ shape } = value] = inferOutputs(node, [value], () => Array.from(sizes));
    this.#views.set(output, { ...source, stored: reshaped(source.stored, shape) });
  }

  #elementsOf(name: string): ArrayLike<number> | undefined {
    const stored = this.initializers.get(name);
    return stored?.kind === 'inline' ? stored.tensor.data : this.#constants.get(name);
  }
}

function reshaped(stored: Initializer, shape: readonly number[]): Initializer {
  return stored.kind === 'inline'
    ? { kind: 'inline', tensor: { ...stored.tensor, shape } }
    : { kind: 'external', ref: { ...stored.ref, shape } };
}
