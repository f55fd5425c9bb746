import {
  type GraphBuilder,
  GraphError,
  type Node,
  operatorKey,
  sameShape,
  type Value,
} from '@layersense/onnx-ir';
import { activeGraph } from './active.js';
import { assertDifferentiable } from './coverage.js';
import { viewNode } from './node-view.js';
import { vjpRules } from './rules/index.js';
import type { Cotangents, VjpRules } from './vjp.js';

/**
 * Appends to `g` the reverse-mode derivative of the nodes it holds at the time of the call.
 *
 * `seeds` gives the cotangent of one or more values by name, each of its value's type and shape.
 * The result holds the cotangent of every active value by name: those that depend on `wrt` (these
 * included) and that a seeded value depends on. A value of `wrt` that is absent from it does not
 * influence any seeded value. Appended nodes are named after their forward node, with `#vjp`.
 *
 * @throws LayersenseError `unsupported_operator`, listing every operator without a rule, or
 *   one that is used in a way its rule does not cover.
 * @throws GraphError when a seed or a rule's result does not have its value's type and shape.
 */
export function buildPullback(
  g: GraphBuilder,
  seeds: ReadonlyMap<string, Value>,
  wrt: readonly Value[],
  rules: VjpRules = vjpRules,
): ReadonlyMap<string, Value> {
  assertDifferentiable(g, seeds.keys(), wrt, rules);
  const active = activeGraph(g, seeds.keys(), wrt);
  const cotangents = new Map<string, Value>();
  for (const [name, seed] of seeds) {
    const problem = mismatch(seed, g.value(name));
    if (problem) throw new GraphError(`the cotangent of ${name} ${problem}`);
    if (active.dependsOnWrt(name)) cotangents.set(name, seed);
  }
  for (const node of active.nodes.toReversed()) {
    g.scope(`${node.name}#vjp`, () => {
      const pulled = pullBack(g, node, cotangents, rules, active.dependsOnWrt);
      for (const [name, cotangent] of pulled) {
        const sum = cotangents.get(name);
        cotangents.set(name, sum ? g.add(sum, cotangent) : cotangent);
      }
    });
  }
  return cotangents;
}

/** The checked contributions of one node to the cotangents of its inputs, by value name. */
function pullBack(
  g: GraphBuilder,
  node: Node,
  cotangents: ReadonlyMap<string, Value>,
  rules: VjpRules,
  needs: (name: string) => boolean,
): readonly (readonly [string, Value])[] {
  const fail = (reason: string) => new GraphError(`${operatorKey(node)} ${node.name}: ${reason}`);
  const rule = rules[operatorKey(node)];
  if (!rule) throw fail('has no differentiation rule');
  const incoming: Cotangents = node.outputs.map((name) => cotangents.get(name));
  const pulled = rule(viewNode(g, node, needs), incoming, g);
  if (pulled.length !== node.inputs.length) {
    throw fail(`its rule gives ${pulled.length} cotangents for ${node.inputs.length} inputs`);
  }
  return node.inputs.flatMap((name, i) => {
    if (!needs(name)) return [];
    const cotangent = pulled[i];
    if (!cotangent) throw fail(`its rule gives no cotangent for input ${i}`);
    const problem = mismatch(cotangent, g.value(name));
    if (problem) throw fail(`the cotangent of input ${i} ${problem}`);
    return [[name, cotangent] as const];
  });
}

function mismatch(cotangent: Value, primal: Value): string | undefined {
  if (cotangent.dtype === primal.dtype && sameShape(cotangent.shape, primal.shape)) {
    return undefined;
  }
  const show = ({ dtype, shape }: Value) => `${dtype}[${shape}]`;
  return `is ${show(cotangent)} where the value is ${show(primal)}`;
}
