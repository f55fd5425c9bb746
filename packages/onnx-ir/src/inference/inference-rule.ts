import type { ElementType } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import type { Node } from '../graph/graph.js';

export interface TensorType {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** What a rule sees of the node whose outputs it infers. */
export interface Inference {
  readonly node: Node;
  /** The type of input `i`; throws when the input is absent. */
  input(i: number): TensorType;
  has(i: number): boolean;
  /** The elements of a constant input; throws when it is absent or not constant. */
  constant(i: number): readonly number[];
}

/** The types of a node's outputs. @throws ShapeMismatch */
export type InferenceRule = (inference: Inference) => readonly TensorType[];

/** Says what does not fit; whoever knows the node adds its name. */
export class ShapeMismatch extends GraphError {}
