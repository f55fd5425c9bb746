import type { GraphBuilder, Node, Value } from '@layersense/onnx-ir';

/** What a rule sees of a node's operands. */
export interface OperatorView {
  readonly node: Node;
  /** There is one per input, `undefined` where an optional input is absent. */
  readonly inputs: readonly (Value | undefined)[];
  /** Input `i`. @throws GraphError when it is absent. */
  input(i: number): Value;
  /** The elements of input `i`. @throws GraphError when it is not an inline constant. */
  constant(i: number): readonly number[];
  /** The elements of input `i`, or `undefined` when it is absent or not an inline constant. */
  constantOrUndefined(i: number): readonly number[] | undefined;
}

/** What a differentiation rule sees of its node. */
export interface NodeView extends OperatorView {
  readonly outputs: readonly Value[];
  /** Output `i`. @throws GraphError when it is absent. */
  output(i: number): Value;
  /** Whether the cotangent of input `i` will be read; a rule leaves out the ones that are not. */
  needs(i: number): boolean;
}

/**
 * One cotangent per edge. `undefined` says that no cotangent flows there (an index, a shape, an
 * output nobody reads), which is not the same as a cotangent of zeros.
 */
export type Cotangents = readonly (Value | undefined)[];

/**
 * Pulls the cotangents of a node's outputs back to its inputs, by appending nodes to `g`.
 * At least one of `cotangents` (one per output) is defined. Returns one cotangent per input, of
 * exactly that input's type and shape.
 */
export type VjpRule = (node: NodeView, cotangents: Cotangents, g: GraphBuilder) => Cotangents;

/** Rules by operator key: `OpType`, or `domain.OpType` outside the standard domain. */
export type VjpRules = Readonly<Record<string, VjpRule>>;
