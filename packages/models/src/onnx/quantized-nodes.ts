import {
  type DecodedModel,
  type DecodedNode,
  elementCount,
  elementTypes,
  GraphError,
  int,
  intAttribute,
  ints,
  isPackedWidth,
  operatorKey,
} from '@layersense/onnx-ir';
import {
  type NamedTensor,
  nameBeforeQuantization,
  type QuantizedTensor,
  type StoredTensor,
  typeOf,
} from './quantized-tensor.js';
import { refuseNodes } from './refuse-unsupported.js';
import { StoredIntegers } from './stored-integers.js';

/** A graph whose quantised weights are tensors like others, and what is stored. */
export interface DequantizedNodes {
  readonly nodes: readonly DecodedNode[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Writes every operator that reads an integer weight as the plain operator on the value of that weight:
 * `MatMulNBits` as a product with its transpose, `GatherBlockQuantized` as a lookup,
 * `DequantizeLinear` of a stored tensor as that tensor.
 *
 * @throws LayersenseError `dtype_unsupported` naming all nodes whose weights have no known value
 * @throws GraphError where shapes do not fit
 */
export function dequantizeNodes(
  nodes: readonly DecodedNode[],
  { initializers }: Pick<DecodedModel, 'initializers'>,
  file: string,
): DequantizedNodes {
  const tensors = new Map<string, StoredTensor>(initializers);
  const integers = new StoredIntegers(initializers);
  const aliases = new Map<string, string>();
  const refused = new Map<DecodedNode, string>();
  const rewritten = nodes.flatMap((original) => {
    const inputs = original.inputs.map((name) => aliases.get(name) ?? name);
    const node = { ...original, inputs };
    integers.note(node);
    const rewrite = rewrites[operatorKey(node)];
    if (!rewrite) return [inputs.some((name, i) => name !== original.inputs[i]) ? node : original];
    const tensor = rewrite.tensor(node, integers);
    if (typeof tensor === 'string') {
      refused.set(original, tensor);
      return [];
    }
    const name = dequantizedName(tensor);
    tensors.set(name, tensor);
    return rewrite.nodes(node, name, aliases);
  });
  refuseNodes([...refused.keys()], (listing) => ({
    code: 'dtype_unsupported',
    message: `${file} stores weights in a way whose values are not known here: ${listing}; ${[...new Set(refused.values())].join('; ')}. Score the model before it is quantised, or quantise it with weights of 2, 4 or 8 bits in blocks along their inputs.`,
  }));
  const read = new Set(rewritten.flatMap(({ inputs }) => inputs));
  const unread = ({ outputs: [output = ''] }: DecodedNode) =>
    integers.isView(output) && !read.has(output);
  return { nodes: rewritten.filter((node) => !unread(node)), tensors };
}

/** The same integers with other scales or zero points are another weight. */
function dequantizedName({ integers, scales, zeros }: QuantizedTensor): string {
  const names = [integers, scales, zeros].flatMap((tensor) => tensor?.name ?? []);
  return `${names.join('#')}#dequantized`;
}

interface Rewrite {
  /** The weight, or why there is none. */
  readonly tensor: (node: DecodedNode, stored: StoredIntegers) => QuantizedTensor | string;
  readonly nodes: (
    node: DecodedNode,
    weight: string,
    aliases: Map<string, string>,
  ) => readonly DecodedNode[];
}

const plain = { domain: '', attributes: {} };

const matMulNBits: Rewrite = {
  tensor(node, stored) {
    if ((node.inputs[4] ?? '') !== '') return 'columns are reordered (g_idx)';
    if (intAttribute(node, 'weight_prepacked', 0) !== 0) return 'the layout is that of one GPU';
    const [n, k] = [intAttribute(node, 'N', 0), intAttribute(node, 'K', 0)];
    const inputs = { integers: 1, scales: 2, zeros: 3 };
    return inBlocks(node, stored, inputs, [n, k], intAttribute(node, 'block_size', 0));
  },
  nodes(node, weight) {
    const [x = '', , , , , bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const turned = `${node.name}#weight`;
    const product = bias === '' ? output : `${node.name}#product`;
    const transpose = {
      ...plain,
      opType: 'Transpose',
      name: turned,
      inputs: [weight],
      outputs: [turned],
      attributes: { perm: ints([1, 0]) },
    };
    const matMul = { ...plain, opType: 'MatMul', inputs: [x, turned], outputs: [product] };
    const add = {
      ...plain,
      opType: 'Add',
      name: `${node.name}/Add`,
      inputs: [product, bias],
      outputs: [output],
    };
    const written = [transpose, matMul, ...(bias === '' ? [] : [add])];
    return written.map((each) => ({ ...node, ...each }));
  },
};

const gatherBlockQuantized: Rewrite = {
  tensor(node, stored) {
    const { shape, dtype } = typeOfInput(node, 0, stored) ?? {};
    if (!shape || dtype === undefined) return 'the table is computed, not stored';
    const axis = (name: string, fallback: number) =>
      (intAttribute(node, name, fallback) + shape.length) % shape.length;
    if (shape.length !== 2 || axis('gather_axis', 0) !== 0 || axis('quantize_axis', 1) !== 1) {
      return 'rows are not looked up whole';
    }
    const size = intAttribute(node, 'block_size', 128);
    const inputs = { integers: 0, scales: 2, zeros: 3 };
    if (dtype === 'int4' || dtype === 'uint4') {
      return inGroups(node, stored, inputs, { axis: 1, size });
    }
    if (dtype !== 'uint8') return `the table holds ${dtype}`;
    const [rows = 0, bytes = 0] = shape;
    const width = (bytes * 8) / intAttribute(node, 'bits', 4);
    return inBlocks(node, stored, inputs, [rows, width], size);
  },
  nodes: (node, weight) => [
    {
      ...node,
      ...plain,
      opType: 'Gather',
      inputs: [weight, node.inputs[1] ?? ''],
      attributes: { axis: int(0) },
    },
  ],
};

const dequantizeLinear: Rewrite = {
  tensor(node, stored) {
    const axis = intAttribute(node, 'axis', 1);
    const size = intAttribute(node, 'block_size', 0);
    return inGroups(node, stored, { integers: 0, scales: 1, zeros: 2 }, { axis, size });
  },
  nodes(node, weight, aliases) {
    aliases.set(node.outputs[0] ?? '', weight);
    return [];
  },
};

const rewrites: Readonly<Record<string, Rewrite>> = {
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.MatMulNBits': matMulNBits,
  DequantizeLinear: dequantizeLinear,
  'com.microsoft.DequantizeLinear': dequantizeLinear,
};

function linearLayout(
  shape: readonly number[],
  scales: readonly number[],
  axis: number,
  block: number,
): QuantizedTensor['layout'] | undefined {
  const length = shape[axis];
  if (elementCount(scales) === 1) return { kind: 'linear', axis: 0, size: 0 };
  if (length === undefined) return undefined;
  if (block === 0) {
    const perIndex = scales.length === 1 && scales[0] === length;
    return perIndex ? { kind: 'linear', axis, size: 1 } : undefined;
  }
  const perBlock =
    block > 0 &&
    scales.length === shape.length &&
    scales.every((n, i) => n === (i === axis ? Math.ceil(length / block) : shape[i]));
  return perBlock ? { kind: 'linear', axis, size: block } : undefined;
}

/** The numbers of a node's inputs. */
interface Inputs {
  readonly integers: number;
  readonly scales: number;
  readonly zeros: number;
}

function operandsOf(node: DecodedNode, stored: StoredIntegers, inputs: Inputs) {
  const [integers, scales, zeros] = [inputs.integers, inputs.scales, inputs.zeros].map((i) =>
    named(node, i, stored),
  );
  return { integers, scales, zeros };
}

/** A tensor of one integer an element, with scales for groups of `size` along `axis`. */
function inGroups(
  node: DecodedNode,
  stored: StoredIntegers,
  inputs: Inputs,
  { axis: at, size }: { readonly axis: number; readonly size: number },
): QuantizedTensor | string {
  const { integers, scales, zeros } = operandsOf(node, stored, inputs);
  if (!integers || !scales) return 'it dequantises what is computed, not what is stored';
  const { shape, dtype } = typeOf(integers.stored);
  const scale = typeOf(scales.stored);
  if (elementTypes[dtype].floating || !elementTypes[scale.dtype].floating) {
    return `it reads ${dtype} with scales of ${scale.dtype}`;
  }
  const axis = at < 0 ? at + shape.length : at;
  const layout = linearLayout(shape, scale.shape, axis, size);
  if (
    !layout ||
    (zeros && elementCount(typeOf(zeros.stored).shape) !== elementCount(scale.shape))
  ) {
    return `its scales have the shape [${scale.shape}]`;
  }
  const own = nameBeforeQuantization(integers.name);
  return { kind: 'quantized', own, dtype: scale.dtype, shape, integers, scales, zeros, layout };
}

/** A matrix in blocks along its last axis, which the node's attributes describe. */
function inBlocks(
  node: DecodedNode,
  stored: StoredIntegers,
  inputs: Inputs,
  shape: readonly [number, number],
  size: number,
): QuantizedTensor | string {
  const { integers, scales, zeros } = operandsOf(node, stored, inputs);
  if (!integers || !scales) return 'the weight is computed, not stored';
  const bits = intAttribute(node, 'bits', 4);
  if (!isPackedWidth(bits)) return `values have ${bits} bits`;
  const { dtype } = typeOf(scales.stored);
  const [n, k] = shape;
  const blocks = Math.ceil(k / size);
  const count = (tensor: NamedTensor) => elementCount(typeOf(tensor.stored).shape);
  const fits =
    n > 0 &&
    k > 0 &&
    typeOf(integers.stored).dtype === 'uint8' &&
    elementTypes[dtype].floating &&
    count(scales) === n * blocks &&
    (count(integers) * 8) / bits === n * blocks * size;
  if (!fits) throw new GraphError(`${operatorKey(node)} ${node.name} does not fit its weight`);
  const own = nameBeforeQuantization(integers.name);
  const layout = { kind: 'blocks', bits, size } as const;
  return { kind: 'quantized', own, dtype, shape, integers, scales, zeros, layout };
}

function named(
  node: DecodedNode,
  position: number,
  stored: StoredIntegers,
): NamedTensor | undefined {
  return stored.get(node.inputs[position] ?? '');
}

function typeOfInput(node: DecodedNode, position: number, stored: StoredIntegers) {
  const tensor = named(node, position, stored);
  return tensor && typeOf(tensor.stored);
}
