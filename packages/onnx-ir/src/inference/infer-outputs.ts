import { GraphError } from '../graph/errors.js';
import { type Node, operatorKey, type Value } from '../graph/graph.js';
import { ShapeMismatch, type TensorType } from './inference-rule.js';
import { type InferredOp, inferenceRules } from './inference-rules.js';

/** The type and shape of every output of `node`. @throws GraphError naming the node. */
export function inferOutputs(
  node: Node,
  inputs: readonly (Value | undefined)[],
  constantValues: (name: string) => readonly number[] | undefined,
): readonly TensorType[] {
  const key = operatorKey(node);
  const fail = (reason: string) => new GraphError(`${key} ${node.name}: ${reason}`);
  if (!isInferredOp(key)) throw fail('no shape inference rule for this operator');
  const input = (i: number): TensorType => {
    const value = inputs[i];
    if (!value) throw fail(`input ${i} is missing`);
    return value;
  };
  const constant = (i: number): readonly number[] => {
    const values = constantValues(node.inputs[i] ?? '');
    if (!values) throw fail(`input ${i} must be a constant`);
    return values;
  };
  try {
    return inferenceRules[key]({ node, input, constant, has: (i) => inputs[i] !== undefined });
  } catch (error) {
    // A RangeError comes from a rule that reaches for an axis which an operand of a foreign file
    // does not have.
    if (error instanceof ShapeMismatch || error instanceof RangeError) throw fail(error.message);
    throw error;
  }
}

/** Whether `inferOutputs` knows the operator. */
export function hasInferenceRule(node: Pick<Node, 'opType' | 'domain'>): boolean {
  return isInferredOp(operatorKey(node));
}

function isInferredOp(key: string): key is InferredOp {
  return Object.hasOwn(inferenceRules, key);
}
