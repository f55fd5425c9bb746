import {
  type DecodedModel,
  type DecodedNode,
  type Initializer,
  type InlineTensor,
  int,
} from '@layersense/onnx-ir';

/** A matrix [rows, columns] of the test's own. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly at: (row: number, column: number) => number;
}

export const inline = (
  dtype: InlineTensor['dtype'],
  shape: number[],
  data: number[],
): Initializer => ({
  kind: 'inline',
  tensor: { dtype, shape, data },
});

const float = ({ rows, columns, at }: Matrix): Initializer =>
  inline('float32', [rows, columns], elements(rows, columns, at));

export const elements = (rows: number, columns: number, at: Matrix['at']): number[] =>
  Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));

const turned = ({ rows, columns, at }: Matrix): Matrix => ({
  rows: columns,
  columns: rows,
  at: (row, column) => at(column, row),
});

const inlineData = (model: DecodedModel, name = ''): ArrayLike<number> => {
  const stored = model.initializers.get(name);
  if (stored?.kind !== 'inline') throw new Error(`${name} is not in the graph`);
  return stored.tensor.data;
};

export const intOf = ({ attributes }: DecodedNode, name: string): number => {
  const attribute = attributes[name];
  if (attribute?.type !== 'int') throw new Error(`no ${name}`);
  return attribute.value;
};

/** What the fixture's symmetric 4-bit blocks stand for: the low half of a byte first, 8 being zero. */
export function fourBits(
  model: DecodedModel,
  integers: string,
  scales: string,
  rows: number,
  columns: number,
): Matrix {
  const [bytes, scale] = [inlineData(model, integers), inlineData(model, scales)];
  const blocks = scale.length / rows;
  const block = (bytes.length * 2) / rows / blocks;
  return {
    rows,
    columns,
    at: (row, column) => {
      const byte = bytes[Math.floor((row * blocks * block + column) / 2)] ?? Number.NaN;
      const q = column % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
      return Math.fround(
        (q - 8) * (scale[row * blocks + Math.floor(column / block)] ?? Number.NaN),
      );
    },
  };
}

/** The same model with every quantised weight written out as float32, as the float builder does. */
export function writtenOut(model: DecodedModel): DecodedModel {
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.map((node): DecodedNode => {
    const [x = '', second = '', third = ''] = node.inputs;
    if (node.opType === 'MatMulNBits') {
      const [n, k] = [intOf(node, 'N'), intOf(node, 'K')];
      const weight = second.replace(/_Q4G16$/, '');
      initializers.set(weight, float(turned(fourBits(model, second, third, n, k))));
      return {
        ...node,
        opType: 'MatMul',
        domain: '',
        inputs: [x, weight],
        attributes: {},
        name: node.name.replace('_Q4', ''),
      };
    }
    if (node.opType !== 'GatherBlockQuantized') return node;
    const rows = inlineData(model, third).length;
    const columns = (inlineData(model, x).length * 2) / rows;
    const table = 'model.embed_tokens.weight';
    initializers.set(table, float(fourBits(model, x, third, rows, columns)));
    return { ...node, opType: 'Gather', domain: '', inputs: [table, second], attributes: {} };
  });
  return { ...model, nodes, initializers };
}

/** Replaces the float weight [K, N] of every product by what `write` stores of it; both variants. */
export function withWeights(
  model: DecodedModel,
  write: (weight: Matrix, node: DecodedNode, name: string) => Written,
): { readonly quantised: DecodedModel; readonly reference: DecodedModel } {
  const quantised = new Map(model.initializers);
  const reference = new Map(model.initializers);
  const nodes = model.nodes.flatMap((node) => {
    const weight = node.inputs[1] ?? '';
    const stored = model.initializers.get(weight);
    // The head stays as it is: it is the table of the embedding, which is float.
    if (node.opType !== 'MatMul' || stored?.kind !== 'inline' || weight.startsWith('lm_head'))
      return [node];
    const [rows = 0, columns = 0] = stored.tensor.shape;
    const { data } = stored.tensor;
    const matrix = { rows, columns, at: (r: number, c: number) => data[r * columns + c] ?? 0 };
    const written = write(matrix, node, weight);
    for (const [name, tensor] of written.tensors) quantised.set(name, tensor);
    quantised.delete(weight);
    reference.set(weight, float(written.value));
    return written.nodes;
  });
  return {
    quantised: { ...model, nodes, initializers: quantised },
    reference: withBiases({ ...model, initializers: reference }, nodes, quantised),
  };
}

/** Adds what the quantised products add, as the float builder does. */
function withBiases(
  model: DecodedModel,
  quantised: readonly DecodedNode[],
  tensors: ReadonlyMap<string, Initializer>,
): DecodedModel {
  const initializers = new Map(model.initializers);
  const biasOf = new Map(quantised.map(({ name, inputs }) => [name, inputs[5] ?? '']));
  const nodes = model.nodes.flatMap((node) => {
    const name = node.opType === 'MatMul' ? (biasOf.get(node.name) ?? '') : '';
    const bias = tensors.get(name);
    if (!bias) return [node];
    initializers.set(name, bias);
    const product = `${node.name}#unbiased`;
    const add = node.name.replace('MatMul', 'Add');
    return [
      { ...node, outputs: [product] },
      { ...node, opType: 'Add', name: add, inputs: [product, name] },
    ];
  });
  return { ...model, nodes, initializers };
}

export interface Written {
  readonly tensors: readonly (readonly [string, Initializer])[];
  readonly nodes: readonly DecodedNode[];
  /** What the integers stand for, [K, N] as the float file stores it. */
  readonly value: Matrix;
}

/** Deterministic, and different everywhere. */
const integer = (row: number, column: number, below: number) =>
  (Math.imul(row * 131 + column + 1, 0x9e3779b1) >>> 9) % below;
const scaleAt = (i: number) => Math.fround(0.01 + 0.003 * (i % 7));

export interface Blocks {
  readonly bits: number;
  readonly zeros: 'none' | 'packed' | 'numbers';
  readonly bias: boolean;
}

const BLOCK = 16;

export function blocks({ bits, zeros, bias }: Blocks) {
  return ({ rows: k, columns: n }: Matrix, node: DecodedNode, name: string): Written => {
    const count = Math.ceil(k / BLOCK);
    const perByte = 8 / bits;
    const q = (row: number, column: number) => integer(row, column, 2 ** bits);
    const zero = (row: number, block: number) =>
      zeros === 'none' ? 2 ** (bits - 1) : integer(row + 7, block, 2 ** bits);
    const packed = (of: (row: number, i: number) => number, length: number) =>
      elements(n, length / perByte, (row, byte) =>
        Array.from(
          { length: perByte },
          (_, i) => of(row, byte * perByte + i) * 2 ** (bits * i),
        ).reduce((a, b) => a + b),
      );
    const zeroBytes = Math.ceil(count / perByte);
    const stem = `${name}_Q${bits}G${BLOCK}`;
    const zeroTensor =
      zeros === 'packed'
        ? inline(
            'uint8',
            [n, zeroBytes],
            packed((row, i) => (i < count ? zero(row, i) : 0), zeroBytes * perByte),
          )
        : inline('float32', [n, count], elements(n, count, zero));
    const biasName = name.replace('.MatMul.weight', '.Add.bias');
    const attributes = { K: int(k), N: int(n), bits: int(bits), block_size: int(BLOCK) };
    const inputs = [
      node.inputs[0] ?? '',
      stem,
      `${stem}_scales`,
      zeros === 'none' ? '' : `${stem}_zeros`,
      '',
      bias ? biasName : '',
    ];
    return {
      tensors: [
        [stem, inline('uint8', [n, count, BLOCK / perByte], packed(q, count * BLOCK))],
        [
          `${stem}_scales`,
          inline(
            'float32',
            [n, count],
            elements(n, count, (r, b) => scaleAt(r + b)),
          ),
        ],
        [`${stem}_zeros`, zeroTensor],
        [
          biasName,
          inline(
            'float32',
            [n],
            Array.from({ length: n }, (_, i) => 0.01 * i - 0.1),
          ),
        ],
      ],
      nodes: [{ ...node, opType: 'MatMulNBits', domain: 'com.microsoft', inputs, attributes }],
      value: {
        rows: k,
        columns: n,
        at: (column, row) => {
          const block = Math.floor(column / BLOCK);
          return Math.fround((q(row, column) - zero(row, block)) * scaleAt(row + block));
        },
      },
    };
  };
}

export interface Linear {
  readonly dtype: 'int8' | 'uint8' | 'int4' | 'uint4';
  readonly scales: 'one' | 'columns' | 'rows' | 'blocks';
  readonly zeros: boolean;
}

export function linear({ dtype, scales, zeros }: Linear) {
  return ({ rows, columns }: Matrix, node: DecodedNode, name: string): Written => {
    const values = dtype.endsWith('8') ? 256 : 16;
    const signed = dtype.startsWith('int');
    const q = (r: number, c: number) => integer(r, c, values) - (signed ? values / 2 : 0);
    const scale = (i: number) => Math.fround((scaleAt(i) * 16) / values);
    const groups = { one: [], columns: [columns], rows: [rows], blocks: [rows / 8, columns] }[
      scales
    ];
    const group = (r: number, c: number) =>
      ({ one: 0, columns: c, rows: r, blocks: Math.floor(r / 8) * columns + c })[scales];
    const zero = (i: number) => (zeros ? integer(i, 3, 7) + (signed ? 0 : values / 2 - 3) : 0);
    const size = groups.reduce((a, b) => a * b, 1);
    const stem = `${name}_quantized`;
    const perGroup = (type: InlineTensor['dtype'], of: (i: number) => number) =>
      inline(
        type,
        groups,
        Array.from({ length: size }, (_, i) => of(i)),
      );
    const attributes = {
      ...(scales === 'one' ? {} : { axis: int(scales === 'columns' ? 1 : 0) }),
      ...(scales === 'blocks' ? { block_size: int(8) } : {}),
    };
    const inputs = [stem, `${name}_scale`, ...(zeros ? [`${name}_zero_point`] : [])];
    const value = `${stem}/value`;
    const dequantize = {
      ...node,
      opType: 'DequantizeLinear',
      name: `${node.name}_DQ`,
      inputs,
      outputs: [value],
      attributes,
    };
    return {
      tensors: [
        [stem, inline(dtype, [rows, columns], elements(rows, columns, q))],
        [`${name}_scale`, perGroup('float32', scale)],
        [`${name}_zero_point`, perGroup(dtype, zero)],
      ],
      nodes: [dequantize, { ...node, inputs: [node.inputs[0] ?? '', value] }],
      value: {
        rows,
        columns,
        at: (r, c) => Math.fround((q(r, c) - zero(group(r, c))) * scale(group(r, c))),
      },
    };
  };
}

/** The model with the integers of its weights in another file, and what that file holds. */
export function withIntegersIn(
  file: string,
  model: DecodedModel,
): { readonly model: DecodedModel; readonly bytes: Uint8Array } {
  const initializers = new Map(model.initializers);
  const stored: number[] = [];
  for (const [name, initializer] of model.initializers) {
    if (!name.endsWith('_quantized') || initializer.kind !== 'inline') continue;
    const { dtype, shape } = initializer.tensor;
    const bytes = bytesOf(initializer.tensor);
    const place = { file, offset: stored.length, length: bytes.length };
    initializers.set(name, { kind: 'external', ref: { ...place, dtype, shape } });
    stored.push(...bytes);
  }
  return { model: { ...model, initializers }, bytes: Uint8Array.from(stored) };
}

/** The first of two elements of 4 bits is in the lower half of their byte. */
function bytesOf({ dtype, data }: InlineTensor): number[] {
  const elements = Array.from(data, (q) => q & 255);
  if (dtype.endsWith('8')) return elements;
  return elements.flatMap((q, i) =>
    i % 2 === 0 ? [(q & 15) + 16 * ((elements[i + 1] ?? 0) & 15)] : [],
  );
}
