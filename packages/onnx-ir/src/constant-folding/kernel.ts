import type { InlineTensor, Node } from '../graph/graph.js';
import type { TensorType } from '../inference/inference-rule.js';

/** What a kernel computes from. Elements are plain numbers whatever their type. */
export interface KernelArguments {
  readonly node: Node;
  /** Input `i`; throws where it is absent. */
  input(i: number): InlineTensor;
  has(i: number): boolean;
  /** Type and shape of the outputs, as inferred. */
  readonly outputs: readonly TensorType[];
}

/** The elements of every output, row-major, before they are rounded to the output's type. */
export type Kernel = (args: KernelArguments) => readonly ArrayLike<number>[];
