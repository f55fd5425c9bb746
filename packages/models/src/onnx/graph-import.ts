import { LayersenseError } from '@layersense/contracts';
import {
  type Attributes,
  type DecodedNode,
  elementCount,
  elementTypes,
  type GraphBuilder,
  GraphError,
  type InlineTensor,
  int,
  intAttribute,
  type Node,
  type Value,
} from '@layersense/onnx-ir';
import type { Arithmetic } from '../forward.js';
import { computedInitializer, computedType, withComputedTypes } from './arithmetic-types.js';
import { constantOf } from './constant-of.js';
import { KnownValues } from './known-values.js';
import type { OnnxModel } from './onnx-model.js';
import type { OnnxParameter, OnnxParameterUse } from './onnx-parameters.js';
import { dequantize, type QuantizedTensor, typeOf } from './quantized-tensor.js';
import { isViewOperator } from './stored-uses.js';
import { upgradeNode } from './upgrade-node.js';

/**
 * A graph of the file's nodes under construction. Shapes are static here, so everything that the
 * file computes from shapes is known and is folded away as its node is added; what remains is the
 * model.
 */
export class GraphImport {
  readonly #known: KnownValues;
  /** What stands for a value of the file that has no edge of its own name. */
  readonly #aliases = new Map<string, Value>();
  /** Parameters in the graph's arithmetic, by name. */
  readonly #widened = new Map<string, Value>();
  readonly #opset: number;

  constructor(
    private readonly g: GraphBuilder,
    private readonly model: OnnxModel,
    private readonly arithmetic: Arithmetic,
  ) {
    this.#known = new KnownValues(model.decoded.initializers, arithmetic);
    this.#opset = model.decoded.opsets.get('') ?? 0;
  }

  /** An input of the graph, int64 whatever the file's type is. */
  input(name: string, shape: readonly number[]): void {
    const dtype = this.model.decoded.inputs.find((input) => input.name === name)?.dtype ?? 'int64';
    const value = this.g.input(name, 'int64', shape);
    this.#aliases.set(name, this.g.cast(value, computedType(dtype, this.arithmetic)));
  }

  constant(name: string, tensor: InlineTensor): void {
    this.#known.set(name, tensor);
  }

  /** The value that stands for `name`. @throws GraphError when there is none. */
  value(name: string): Value {
    return this.#aliases.get(name) ?? this.g.values.get(name) ?? this.#declareStored(name);
  }

  add(original: DecodedNode): void {
    if (original.opType === 'Constant') {
      this.constant(original.outputs[0] ?? '', constantOf(original));
      return;
    }
    const uses = this.model.uses.get(original);
    if (!uses && this.#readsParameter(original)) return;
    const upgraded = upgradeNode(original, this.#opset, (values) => this.g.int64(values).name);
    const typed = withComputedTypes(this.#withCastType(upgraded), this.arithmetic);
    const node = this.#withoutEmptyParts(typed);
    if (uses) this.#addWithParameters(node, uses);
    else if (!this.#skip(node)) {
      this.#append(
        node,
        node.inputs.map((name) => (name === '' ? undefined : this.value(name))),
      );
    }
  }

  /** Whether the node only renames or turns round a parameter; its readers look through it. */
  #readsParameter(node: Node): boolean {
    const [name = ''] = node.inputs;
    const computed = this.#aliases.has(name) || this.g.values.has(name);
    return isViewOperator(node) && !computed && !this.#known.get(name);
  }

  #addWithParameters(node: Node, uses: ReadonlyMap<number, OnnxParameterUse>): void {
    const [x = '', indices = ''] = node.inputs;
    const [first, second] = [uses.get(0), uses.get(1)];
    if (node.opType === 'Gather' && first && !first.transposed) {
      this.#addLookup(node, first.parameter, indices);
      return;
    }
    if (node.opType === 'MatMul' && second?.transposed && !first) {
      this.#addProjection(node, this.value(x), this.#parameter(second.parameter));
      return;
    }
    const swap = node.opType === 'Gemm' && second?.transposed === true;
    const operands = node.inputs.map((name, i) => {
      const use = uses.get(i);
      if (!use) return name === '' ? undefined : this.value(name);
      const value = this.#parameter(use.parameter);
      return use.transposed && !(swap && i === 1) ? this.g.swapLast(value) : value;
    });
    const transB = int(1 - intAttribute(node, 'transB', 0));
    this.#append(swap ? withAttributes(node, { transB }) : node, operands);
  }

  /** Rows are gathered as they are stored and widened afterwards. */
  #addLookup(node: Node, parameter: OnnxParameter, indices: string): void {
    const table = this.#stored(parameter);
    const [rows = 0] = table.shape;
    const highest = this.#known.largest(indices);
    if (highest >= rows) throw tableTooShort(parameter.name, rows, highest);
    const gathered = this.g.op('Gather', [table, this.value(indices)], node.attributes, {
      name: node.name,
    });
    this.#aliases.set(node.outputs[0] ?? '', this.#widen(gathered));
  }

  /** x Wᵀ with W [N, K]: `Gemm` reads W turned round in place. */
  #addProjection(node: Node, x: Value, weight: Value): void {
    const [outputs = 1, inputs = 1] = weight.shape;
    const rows = this.g.reshape(x, [elementCount(x.shape) / inputs, inputs]);
    const y = this.g.op('Gemm', [rows, weight], { transB: int(1) }, { name: node.name });
    const shape = [...x.shape.slice(0, -1), outputs];
    this.#aliases.set(node.outputs[0] ?? '', this.g.reshape(y, shape));
  }

  /** A parameter in the graph's arithmetic. */
  #parameter(parameter: OnnxParameter): Value {
    const value = this.#widened.get(parameter.name) ?? this.#widen(this.#stored(parameter));
    this.#widened.set(parameter.name, value);
    return value;
  }

  /** A parameter as it is stored, under its own name. */
  #stored({ name, stored, turned }: OnnxParameter): Value {
    const declared = this.g.values.get(name);
    if (declared) return declared;
    if (stored.kind === 'quantized') return this.#dequantized(name, stored, turned);
    const initializer = computedInitializer(stored, this.arithmetic);
    if (!turned) return this.g.initializer(name, initializer);
    const inputs = [this.g.initializer(`${name}#stored`, initializer).name];
    const turn = { name, opType: 'Transpose', domain: '', inputs, outputs: [name], attributes: {} };
    this.g.append(turn);
    return this.g.value(name);
  }

  /** The value of integers under the parameter's name; its nodes run where it is used. */
  #dequantized(name: string, tensor: QuantizedTensor, turned: boolean): Value {
    const { g } = this;
    const value = g.scope(`${name}#dequantized`, () =>
      dequantize(g, tensor, (each) => this.value(each)),
    );
    const opType = turned ? 'Transpose' : 'Identity';
    g.append({ name, opType, domain: '', inputs: [value.name], outputs: [name], attributes: {} });
    return g.value(name);
  }

  #widen(value: Value): Value {
    return this.g.cast(value, computedType(value.dtype, this.arithmetic));
  }

  /** A folded value or a stored tensor that is no parameter becomes an initializer when it is read. */
  #declareStored(name: string): Value {
    const known = this.#known.folded(name);
    const stored = this.model.tensors.get(name);
    if (stored?.kind === 'quantized') return this.#dequantized(name, stored, false);
    if (known) return this.g.initializer(name, { kind: 'inline', tensor: known });
    if (!stored) throw new GraphError(`unknown value ${JSON.stringify(name)}`);
    const declared = this.g.initializer(name, computedInitializer(stored, this.arithmetic));
    const widened = this.#widen(declared);
    if (widened !== declared) this.#aliases.set(name, widened);
    return widened;
  }

  /** `CastLike` as the `Cast` that it is. */
  #withCastType<T extends Node>(node: T): T {
    if (node.opType !== 'CastLike') return node;
    const [name = '', like = ''] = node.inputs;
    const { dtype } = this.#typeOf(like);
    const attributes = { to: int(elementTypes[dtype].onnxCode) };
    return { ...node, opType: 'Cast', inputs: [name], attributes };
  }

  /**
   * Leaves out what holds no elements: the empty key-value cache in front of the new keys, and in
   * fused attention the cache altogether.
   */
  #withoutEmptyParts<T extends Node>(node: T): T {
    const empty = (name: string) => this.#known.isEmpty(name);
    if (!node.inputs.some(empty)) return node;
    if (/Attention$/.test(node.opType)) {
      return { ...node, inputs: node.inputs.map((name) => (empty(name) ? '' : name)) };
    }
    const inputs = node.inputs.filter((name) => !empty(name));
    if (node.opType !== 'Concat' || inputs.length === 0) return node;
    const axis = intAttribute(node, 'axis', 0);
    for (const name of node.inputs.filter(empty))
      this.#assertJoins(node, name, inputs[0] ?? '', axis);
    return { ...node, inputs };
  }

  /** What is left out would have had to fit: a cache of other heads is not this model's. */
  #assertJoins(node: Node, name: string, kept: string, axis: number): void {
    const [left, other] = [this.#typeOf(name).shape, this.#typeOf(kept).shape];
    const at = axis < 0 ? axis + other.length : axis;
    const joins =
      left.length !== other.length || left.every((size, i) => i === at || size === other[i]);
    if (joins) return;
    throw new LayersenseError(
      'tensor_mismatch',
      `${name} of ${this.model.file} has the shape [${left.join(', ')}] and cannot be put before [${other.join(', ')}] (${node.name}). Export the model again, or without past_key_values.`,
      { inputs: [name], nodes: [node.name] },
    );
  }

  /** Whether the node needs no place in the graph: it is folded, or changes nothing. */
  #skip(node: Node): boolean {
    const [name = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (this.#known.fold(node, () => this.#typeOf(name).shape)) return true;
    const single = node.opType === 'Concat' && node.inputs.length === 1;
    if (node.opType !== 'Identity' && !single) return false;
    this.#aliases.set(output, this.value(name));
    return true;
  }

  #append(node: Node, operands: readonly (Value | undefined)[]): void {
    const inputs = operands.map((value) => value?.name ?? '');
    const read = { ...node, inputs };
    const [type] = this.#known.infer(read, operands, (name) => this.g.constantValues(name));
    const [only] = operands;
    if (node.opType === 'Cast' && only && type?.dtype === only.dtype) {
      this.#aliases.set(node.outputs[0] ?? '', only);
      return;
    }
    this.g.append(read);
  }

  #typeOf(name: string): Pick<Value, 'dtype' | 'shape'> {
    const stored = this.model.tensors.get(name);
    if (!stored) return this.#known.get(name) ?? this.value(name);
    const { dtype, shape } = typeOf(stored);
    return { dtype: computedType(dtype, this.arithmetic), shape };
  }
}

function withAttributes(node: Node, attributes: Attributes): Node {
  return { ...node, attributes: { ...node.attributes, ...attributes } };
}

function tableTooShort(name: string, rows: number, highest: number): LayersenseError {
  return new LayersenseError(
    'sequence_too_long',
    `A sequence of ${highest + 1} tokens needs position ${highest}, but ${name} has ${rows} rows. Set max_length to ${rows} or less.`,
    { parameter: name, rows },
  );
}
