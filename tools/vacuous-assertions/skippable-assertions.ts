import { asserts, isAssertion } from './assertion.js';
import { calledName, isLoop, type Node, type Place, placesIn } from './syntax-tree.js';

/** What is wrong with an assertion that is made only if something else holds. */
export function conditional({ node, ancestors }: Place): string | undefined {
  if (!isAssertion(node)) return undefined;
  const path = [node, ...ancestors];
  const condition = ancestors.find((parent, i) => dependsOnCondition(path[i] ?? node, parent));
  return condition && `an assertion behind a condition (${condition.type})`;
}

/** Whether a child is evaluated only if something else holds, or its failure is caught. */
function dependsOnCondition(child: Node, parent: Node): boolean {
  switch (parent.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return parent.test !== child;
    case 'LogicalExpression':
      return parent.right === child;
    case 'SwitchCase':
    case 'CatchClause':
    case 'ChainExpression':
      return true;
    case 'TryStatement':
      return parent.block === child && parent.handler !== null && !rethrows(parent.handler);
    case 'CallExpression':
      return (
        (calledName(parent) === 'catch' && parent.arguments[0] === child) ||
        (calledName(parent) === 'then' && parent.arguments[1] === child)
      );
    default:
      return false;
  }
}

const rethrows = (handler: Node): boolean =>
  handler.type === 'CatchClause' && handler.body.body.at(-1)?.type === 'ThrowStatement';

/** What is wrong with a statement that may leave a block before the assertions in it. */
export function skipped({ node, ancestors: [block] }: Place): string | undefined {
  if (block?.type !== 'BlockStatement' && block?.type !== 'Program') return undefined;
  if (!leaves(node)) return undefined;
  const after = block.body.filter(({ start }) => start >= node.end);
  return after.some(asserts) ? 'assertions that return, continue or break may skip' : undefined;
}

/** Whether running a statement may leave the block that it stands in without an error. */
function leaves(statement: Node): boolean {
  return [...placesIn(statement)].some(({ node, ancestors }) => {
    const within = [node, ...ancestors];
    if (within.some(({ type }) => type.includes('Function'))) return false;
    const inLoop = within.some(isLoop);
    switch (node.type) {
      case 'ReturnStatement':
        return true;
      case 'ContinueStatement':
        return !inLoop;
      case 'BreakStatement':
        return !inLoop && !within.some(({ type }) => type === 'SwitchStatement');
      default:
        return false;
    }
  });
}
