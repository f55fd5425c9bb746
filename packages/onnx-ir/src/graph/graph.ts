import type { ElementType } from './element-type.js';

/** A tensor-valued edge of the graph. Shapes are static: one graph serves one batch shape. */
export interface Value {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/**
 * Where a stored tensor's bytes lie: little-endian, row-major, `length` bytes at `offset` of `file`.
 * `file` is a base name; all files of a graph lie in one folder that only the runtime knows.
 */
export interface TensorRef {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** A small constant kept in the graph. int64 and bool constants hold one JS number per element. */
export interface InlineTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: readonly number[] | Float32Array | Float64Array;
}

export type Initializer =
  /** `ref` says where a decoded file stores the same values. */
  | { readonly kind: 'inline'; readonly tensor: InlineTensor; readonly ref?: TensorRef }
  | { readonly kind: 'external'; readonly ref: TensorRef };

/** ONNX attributes are typed on the wire, so they are typed here: `1` and `1.0` differ. */
export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: InlineTensor };

export type Attributes = Readonly<Record<string, Attribute>>;

/** Attribute constructors: `{ axis: int(-1) }`. */
export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const str = (value: string): Attribute => ({ type: 'string', value });

/** One operator application. An absent optional input is the empty string, as in ONNX. */
export interface Node {
  readonly name: string;
  readonly opType: string;
  /** `''` is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A graph value; immutable by convention. `nodes` are in topological order. */
export interface Graph {
  readonly name: string;
  readonly opsetVersion: number;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  /** Type and shape of every edge by name: inputs, initializers and node outputs. */
  readonly values: ReadonlyMap<string, Value>;
}

/** The attribute's integer value, or `fallback` where it is absent. */
export function intAttribute(
  node: Pick<Node, 'attributes'>,
  name: string,
  fallback: number,
): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
}

/** The attribute's float value, or `fallback` where it is absent. */
export function floatAttribute(
  node: Pick<Node, 'attributes'>,
  name: string,
  fallback: number,
): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : fallback;
}

/** The attribute's list of integers, or `undefined` where it is absent. */
export function intsAttribute(
  node: Pick<Node, 'attributes'>,
  name: string,
): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}

/** The number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** The key of a node in tables by operator: `OpType`, or `domain.OpType` outside the standard domain. */
export function operatorKey(node: Pick<Node, 'opType' | 'domain'>): string {
  return node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
}
