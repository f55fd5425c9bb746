import { inferOutputs } from '../inference/infer-outputs.js';
import { type ElementType, elementTypes } from './element-type.js';
import { GraphError } from './errors.js';
import {
  type Attributes,
  elementCount,
  type Graph,
  type Initializer,
  type InlineTensor,
  int,
  ints,
  type Node,
  type TensorRef,
  type Value,
} from './graph.js';

export interface OpOptions {
  /** Node name without the scope; the operator's name by default. Made unique by a counter. */
  readonly name?: string;
  readonly domain?: string;
  /** Number of outputs; 1 by default. */
  readonly outputs?: number;
}

/** The opset every graph made here is written against: axes as inputs, `Split` with `num_outputs`. */
export const OPSET_VERSION = 18;

/**
 * Records nodes as they are called for and infers every output's type and shape on the spot, so a
 * wrong graph fails where it is written and not inside ONNX Runtime.
 *
 * @throws GraphError on unknown operators, mismatched shapes or types, and duplicate names.
 */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly initializers = new Map<string, Initializer>();
  readonly values = new Map<string, Value>();
  readonly #producers = new Map<string, Node>();
  readonly #nameCounts = new Map<string, number>();
  readonly #constants = new Map<string, Value>();
  #scope: string[] = [];

  constructor(
    readonly name: string,
    readonly opsetVersion: number = OPSET_VERSION,
  ) {}

  input(name: string, dtype: ElementType, shape: readonly number[]): Value {
    const value = this.#declare({ name, dtype, shape });
    this.inputs.push(value);
    return value;
  }

  /** A weight: bytes that stay where they are stored. */
  external(name: string, ref: TensorRef): Value {
    return this.initializer(name, { kind: 'external', ref });
  }

  /** A stored tensor under its own name, inline or external. */
  initializer(name: string, initializer: Initializer): Value {
    const { dtype, shape } = initializer.kind === 'inline' ? initializer.tensor : initializer.ref;
    this.initializers.set(name, initializer);
    return this.#declare({ name, dtype, shape });
  }

  /** A small constant. Equal constants share one initializer. */
  constant(tensor: InlineTensor): Value {
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw new GraphError(
        `constant of shape [${tensor.shape}] given ${tensor.data.length} elements`,
      );
    }
    const key =
      tensor.data.length <= 64
        ? `${tensor.dtype}[${tensor.shape}]${tensor.data.join()}`
        : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known) return known;
    const name = this.#uniqueName('constant');
    this.initializers.set(name, { kind: 'inline', tensor });
    const value = this.#declare({ name, dtype: tensor.dtype, shape: tensor.shape });
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  scalar(x: number, dtype: ElementType): Value {
    return this.constant({ dtype, shape: [], data: [x] });
  }

  /** A 1-D int64 constant: axes, shapes, split sizes. */
  int64(values: readonly number[]): Value {
    return this.constant({ dtype: 'int64', shape: [values.length], data: values });
  }

  /** Runs `body` with `segment` added to the names of the nodes it makes. */
  scope<T>(segment: string, body: () => T): T {
    this.#scope.push(segment);
    try {
      return body();
    } finally {
      this.#scope.pop();
    }
  }

  /** Appends a node with one output and returns that output. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: OpOptions = {},
  ): Value {
    return first(this.ops(opType, inputs, attributes, options));
  }

  /** Appends a node and returns all its outputs. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: OpOptions = {},
  ): readonly Value[] {
    const name = this.#uniqueName([...this.#scope, options.name ?? opType].join('/'));
    const count = options.outputs ?? 1;
    const node: Node = {
      name,
      opType,
      domain: options.domain ?? '',
      inputs: inputs.map((value) => value?.name ?? ''),
      outputs: Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}:${i}`)),
      attributes,
    };
    return this.append(node);
  }

  /** Appends a ready-made node (a decoded one) after inferring and declaring its outputs. */
  append(node: Node): readonly Value[] {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.value(name)));
    const inferred = inferOutputs(node, inputs, (name) => this.constantValues(name));
    const outputs = node.outputs.map((name, i) => {
      const type = inferred[i];
      // An output nobody wants has the empty name, and no edge.
      if (name === '' && type) return { name, ...type };
      if (!type) throw new GraphError(`${node.opType} ${node.name} has no output ${i}`);
      return this.#declare({ ...type, name });
    });
    this.nodes.push(node);
    for (const output of node.outputs) this.#producers.set(output, node);
    return outputs;
  }

  /** @throws GraphError when no such edge exists. */
  value(name: string): Value {
    const value = this.values.get(name);
    if (!value) throw new GraphError(`unknown value ${JSON.stringify(name)}`);
    return value;
  }

  producer(value: Value): Node | undefined {
    return this.#producers.get(value.name);
  }

  /** The elements of an inline constant as numbers, or `undefined` for anything else. */
  constantValues(name: string): readonly number[] | undefined {
    const initializer = this.initializers.get(name);
    return initializer?.kind === 'inline' ? Array.from(initializer.tensor.data) : undefined;
  }

  /** The finished graph: what `outputs` need and nothing else, nodes in the order they were made. */
  build(outputs: readonly Value[]): Graph {
    const needed = new Set(outputs.map((value) => value.name));
    const kept: Node[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some((name) => needed.has(name))) continue;
      kept.push(node);
      for (const name of node.inputs) if (name !== '') needed.add(name);
    }
    const nodes = kept.reverse();
    for (const node of nodes) for (const name of node.outputs) needed.add(name);
    return {
      name: this.name,
      opsetVersion: this.opsetVersion,
      inputs: this.inputs,
      outputs,
      nodes,
      initializers: new Map([...this.initializers].filter(([name]) => needed.has(name))),
      values: new Map([...this.values].filter(([name]) => needed.has(name))),
    };
  }

  add = (a: Value, b: Value): Value => this.op('Add', [a, b]);
  sub = (a: Value, b: Value): Value => this.op('Sub', [a, b]);
  mul = (a: Value, b: Value): Value => this.op('Mul', [a, b]);
  div = (a: Value, b: Value): Value => this.op('Div', [a, b]);
  neg = (a: Value): Value => this.op('Neg', [a]);
  matMul = (a: Value, b: Value): Value => this.op('MatMul', [a, b]);

  cast(a: Value, to: ElementType): Value {
    if (a.dtype === to) return a;
    return this.op('Cast', [a], { to: int(elementTypes[to].onnxCode) });
  }

  reshape(a: Value, shape: readonly number[]): Value {
    if (sameShape(a.shape, shape)) return a;
    return this.op('Reshape', [a, this.int64(shape)]);
  }

  transpose(a: Value, perm: readonly number[]): Value {
    return this.op('Transpose', [a], { perm: ints(perm) });
  }

  /** Transposes the two trailing axes. */
  swapLast(a: Value): Value {
    const rank = a.shape.length;
    const perm = a.shape.map((_, i) => i);
    [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
    return this.transpose(a, perm);
  }

  reduceSum(a: Value, axes: readonly number[], keepDims = false): Value {
    return this.reduce('ReduceSum', a, axes, keepDims);
  }

  reduceMean(a: Value, axes: readonly number[], keepDims = false): Value {
    return this.reduce('ReduceMean', a, axes, keepDims);
  }

  /** Axes are an input of `ReduceSum` since opset 13 and of its siblings since opset 18. */
  reduce(opType: string, a: Value, axes: readonly number[], keepDims = false): Value {
    const keepdims = int(keepDims ? 1 : 0);
    return this.opsetVersion >= (opType === 'ReduceSum' ? 13 : 18)
      ? this.op(opType, [a, this.int64(axes)], { keepdims })
      : this.op(opType, [a], { keepdims, axes: ints(axes) });
  }

  /** Sums `a` down to `shape`: the adjoint of broadcasting `shape` to `a.shape`. */
  sumTo(a: Value, shape: readonly number[]): Value {
    if (sameShape(a.shape, shape)) return a;
    const lead = a.shape.length - shape.length;
    const axes = a.shape.flatMap((size, axis) =>
      axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
    );
    const leadingOnly = axes.every((axis) => axis < lead);
    const summed = axes.length === 0 ? a : this.reduceSum(a, axes, !leadingOnly);
    return this.reshape(summed, shape);
  }

  #declare(value: Value): Value {
    if (this.values.has(value.name)) throw new GraphError(`value ${value.name} is defined twice`);
    this.values.set(value.name, value);
    return value;
  }

  #uniqueName(base: string): string {
    const count = this.#nameCounts.get(base) ?? 0;
    this.#nameCounts.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    return this.values.has(name) ? this.#uniqueName(base) : name;
  }
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

function first(values: readonly Value[]): Value {
  const [value] = values;
  if (!value) throw new GraphError('an operator without outputs');
  return value;
}
