import { LayersenseError } from '@layersense/contracts';
import { type GraphBuilder, operatorKey, type Value } from '@layersense/onnx-ir';
import { activeGraph } from './active.js';
import { vjpRules } from './rules/index.js';
import type { VjpRules } from './vjp.js';

/**
 * Checks that every operator between `wrt` and the `outputs` (value names) has a rule.
 *
 * @throws LayersenseError `unsupported_operator`, naming every operator without one and its nodes.
 */
export function assertDifferentiable(
  g: GraphBuilder,
  outputs: Iterable<string>,
  wrt: readonly Value[],
  rules: VjpRules = vjpRules,
): void {
  const nodesByOperator = new Map<string, string[]>();
  for (const node of activeGraph(g, outputs, wrt).nodes) {
    const operator = operatorKey(node);
    if (Object.hasOwn(rules, operator)) continue;
    nodesByOperator.set(operator, [...(nodesByOperator.get(operator) ?? []), node.name]);
  }
  if (nodesByOperator.size === 0) return;
  const listing = [...nodesByOperator].map(
    ([operator, nodes]) => `${operator} (${summarise(nodes)})`,
  );
  throw new LayersenseError(
    'unsupported_operator',
    `No differentiation rule for ${listing.join(', ')}. Export the model with these operators decomposed into standard ones.`,
    { operators: [...nodesByOperator.keys()], nodes: [...nodesByOperator.values()].flat() },
  );
}

/** The first few names: a decoder-only model repeats an operator once per layer. */
function summarise(nodes: readonly string[], shown = 3): string {
  const rest = nodes.length - shown;
  return [...nodes.slice(0, shown), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
