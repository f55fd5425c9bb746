import { LayersenseError } from '@layersense/contracts';
import {
  type GraphBuilder,
  intAttribute,
  type Node,
  operatorKey,
  sameShape,
  type Value,
} from '@layersense/onnx-ir';

/**
 * One place where a parameter enters the computation, seen from the output y whose cotangent δ
 * determines the parameter's gradient there.
 */
export type ParameterUse =
  /** y = x Wᵀ (`transposed`, W [N, K]) or y = x W (W [K, N]). */
  | {
      readonly kind: 'linear';
      readonly x: Value;
      readonly output: Value;
      readonly transposed: boolean;
    }
  /** y = W[tokens], or y = … + W[tokens] where the same rows serve every example. */
  | { readonly kind: 'embedding'; readonly tokens: Value; readonly output: Value }
  /** The output head computed in chunks of the vocabulary: Σ δ δᵀ, and δ at the tokens of lookups. */
  | {
      readonly kind: 'head';
      readonly x: Value;
      /** x again: the logits, whose cotangent δ is, exist only in chunks. */
      readonly output: Value;
      /** [batch, length, length]. */
      readonly deltaGram: Value;
      /** δ at the tokens of each lookup, [batch, length, lookups], by the name of the tokens. */
      readonly atTokens: ReadonlyMap<string, Value>;
      /** x xᵀ per example, [batch, length, length], where it was made for `rowSums`. */
      readonly inputGram?: Value;
      /** Σ g² by row of W as it was summed in chunks, [batch, vocabulary], where it is asked for. */
      readonly rowSums?: Value;
    }
  /** The bias of such a head: ‖Σₜ δₜ‖² as it was summed over the chunks, [batch]. */
  | {
      readonly kind: 'head-bias';
      /** x, as for `head`. */
      readonly output: Value;
      readonly squaredNorm: Value;
    }
  /** y = x ⊙ γ, γ along the last axis. */
  | { readonly kind: 'scale'; readonly x: Value; readonly output: Value }
  /** y = … + b, b along the last axis. */
  | { readonly kind: 'bias'; readonly output: Value };

type UseRule = (node: Node, position: number, g: GraphBuilder) => ParameterUse | undefined;

const output = (node: Node, g: GraphBuilder): Value => g.value(node.outputs[0] ?? '');
const input = (node: Node, i: number, g: GraphBuilder): Value => g.value(node.inputs[i] ?? '');

/** The operators through which a parameter may enter the computation, by operator key. */
type ParameterOp = 'Add' | 'Gather' | 'Gemm' | 'MatMul' | 'Mul';

/** How each operator uses a parameter that is its input `position`. A missing one does not compile. */
export const useRules: { readonly [Op in ParameterOp]: UseRule } = {
  Gemm: (node, position, g) => {
    if (position === 2) return { kind: 'bias', output: output(node, g) };
    if (position !== 1 || intAttribute(node, 'transA', 0) === 1) return undefined;
    const transposed = intAttribute(node, 'transB', 0) === 1;
    return { kind: 'linear', x: input(node, 0, g), output: output(node, g), transposed };
  },
  MatMul: (node, position, g) =>
    position === 1 && input(node, 1, g).shape.length === 2
      ? { kind: 'linear', x: input(node, 0, g), output: output(node, g), transposed: false }
      : undefined,
  Gather: (node, position, g) => {
    if (position !== 0 || intAttribute(node, 'axis', 0) !== 0) return undefined;
    const rows = widened(output(node, g), g);
    return { kind: 'embedding', tokens: input(node, 1, g), output: rows };
  },
  Mul: (node, position, g) =>
    alongLastAxis(input(node, position, g), output(node, g))
      ? { kind: 'scale', x: input(node, 1 - position, g), output: output(node, g) }
      : undefined,
  Add: (node, position, g) =>
    alongLastAxis(input(node, position, g), output(node, g))
      ? { kind: 'bias', output: output(node, g) }
      : undefined,
};

/**
 * Every use of every parameter, in graph order. A Cast between the stored weight and its use is
 * looked through, and so is the Cast that widens gathered embedding rows. The same holds for the
 * addition of a constant, as in Gemma's y = x (1 + w): it leaves the gradient as it is.
 *
 * @throws LayersenseError `unsupported_operator` naming every use no rule covers
 */
export function findParameterUses(
  g: GraphBuilder,
  parameters: readonly string[],
): ReadonlyMap<string, readonly ParameterUse[]> {
  const parameterOf = new Map(parameters.map((name) => [name, name]));
  const perExample = valuesByExample(g, parameters);
  const uses = new Map<string, ParameterUse[]>(parameters.map((name) => [name, []]));
  const unsupported: string[] = [];
  for (const node of g.nodes) {
    node.inputs.forEach((name, position) => {
      const parameter = parameterOf.get(name);
      if (parameter === undefined) return;
      if (node.opType === 'Cast' || isShift(node, position, g)) {
        for (const out of node.outputs) parameterOf.set(out, parameter);
        return;
      }
      const key = operatorKey(node);
      const found = isParameterOp(key) ? useRules[key](node, position, g) : undefined;
      const use = found && whereExamplesPart(found, perExample, g);
      if (use) uses.get(parameter)?.push(use);
      else unsupported.push(`${parameter} in ${node.opType} ${node.name}`);
    });
  }
  if (unsupported.length > 0) {
    throw new LayersenseError(
      'unsupported_operator',
      `No per-example gradient norm is known for these uses of a parameter: ${unsupported.join('; ')}.`,
      { uses: unsupported },
    );
  }
  return uses;
}

function isParameterOp(key: string): key is ParameterOp {
  return Object.hasOwn(useRules, key);
}

function alongLastAxis(parameter: Value, of: Value): boolean {
  return parameter.shape.length === 1 && parameter.shape[0] === of.shape.at(-1);
}

/** W + c with a constant c that leaves the shape of W as it is. */
function isShift(node: Node, position: number, g: GraphBuilder): boolean {
  if (node.opType !== 'Add') return false;
  const isConstant = g.constantValues(node.inputs[1 - position] ?? '') !== undefined;
  return isConstant && sameShape(input(node, position, g).shape, output(node, g).shape);
}

/** The value after the Cast that follows `value` directly, where rows are stored in another type. */
function widened(value: Value, g: GraphBuilder): Value {
  const cast = g.nodes.find((node) => node.opType === 'Cast' && node.inputs[0] === value.name);
  return cast ? output(cast, g) : value;
}

/** Names of the values that differ between the examples of a batch: those computed from an input. */
function valuesByExample(g: GraphBuilder, parameters: readonly string[]): ReadonlySet<string> {
  const names = new Set(g.inputs.map(({ name }) => name));
  for (const name of parameters) names.delete(name);
  for (const node of g.nodes) {
    if (!node.inputs.some((name) => names.has(name))) continue;
    for (const name of node.outputs) names.add(name);
  }
  return names;
}

/**
 * `use`, if its output has rows of its own for each example: the cotangent of a shared one is summed
 * over the batch. Rows of a table of positions get theirs where they are added to the tokens' rows.
 */
function whereExamplesPart(
  use: ParameterUse,
  perExample: ReadonlySet<string>,
  g: GraphBuilder,
): ParameterUse | undefined {
  if (perExample.has(use.output.name)) return use;
  const [sum, ...others] = g.nodes.filter((node) => node.inputs.includes(use.output.name));
  if (use.kind !== 'embedding' || sum?.opType !== 'Add' || others.length > 0) return undefined;
  const rows = output(sum, g);
  return perExample.has(rows.name) ? { ...use, output: rows } : undefined;
}

/** The tokens of every lookup among `uses`, each once. */
export function lookedUpTokens(uses: readonly ParameterUse[]): readonly Value[] {
  const tokens = uses.flatMap((use) => (use.kind === 'embedding' ? [use.tokens] : []));
  return [...new Map(tokens.map((value) => [value.name, value])).values()];
}
