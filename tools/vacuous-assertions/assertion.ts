import { calledName, calledObject, type Node, nameOf, placesIn } from './syntax-tree.js';

/** `expect(…)`, `expect.soft(…)`, and the helpers, whose names begin alike: `expectSame(…)`. */
export function isAssertion(node: Node): boolean {
  if (node.type !== 'CallExpression') return false;
  const { callee } = node;
  if (callee.type === 'Identifier') return /^expect([A-Z]|$)/.test(callee.name);
  return (
    calledObject(node)?.type === 'Identifier' &&
    /^expect\.(soft|poll)$/.test(`${nameOf(calledObject(node))}.${calledName(node)}`)
  );
}

/** Whether an assertion is somewhere in a node. */
export const asserts = (node: Node): boolean =>
  [...placesIn(node)].some((each) => isAssertion(each.node));
