import { asserts, isAssertion } from './assertion.js';
import { type FileFacts, numberOf, surelyNonEmpty } from './surely-non-empty.js';
import { calledName, calledObject, isLoop, type Node, nameOf, type Place } from './syntax-tree.js';

const ITERATIONS = new Set(
  'every filter find findIndex flatMap forEach map reduce some'.split(' '),
);

/** What is wrong with a loop that asserts, and may have no round. */
export function loopOfNothing(place: Place, facts: FileFacts): string | undefined {
  const { node, ancestors } = place;
  if (!isLoop(node) || !('body' in node) || !asserts(node.body as Node)) return undefined;
  switch (node.type) {
    case 'ForOfStatement':
    case 'ForInStatement': {
      const iterated = { node: node.right, ancestors: [node, ...ancestors] };
      return surelyNonEmpty(iterated, facts)
        ? undefined
        : 'assertions in a loop over what may be empty';
    }
    case 'ForStatement':
      return !node.test || countsUp(node.init, node.test, facts)
        ? undefined
        : 'assertions in a loop that may have no round';
    case 'WhileStatement':
      return 'assertions in a loop that may have no round';
    default:
      return undefined;
  }
}

/** Whether it is `let i = 0; i < 3`, with numbers that the file says. */
function countsUp(init: Node | null, test: Node, facts: FileFacts): boolean {
  if (init?.type !== 'VariableDeclaration' || test.type !== 'BinaryExpression') return false;
  const start = init.declarations[0]?.init;
  const from = start ? numberOf(start, facts) : undefined;
  const to = numberOf(test.right, facts);
  if (from === undefined || to === undefined) return false;
  return test.operator === '<' ? from < to : test.operator === '<=' && from <= to;
}

/** What is wrong with `values.forEach(…)` and its like that asserts, and with an asserted `every`. */
export function iterationOfNothing(place: Place, facts: FileFacts): string | undefined {
  const { node, ancestors } = place;
  const iterated = calledObject(node);
  if (node.type !== 'CallExpression' || !iterated || !ITERATIONS.has(calledName(node) ?? '')) {
    return undefined;
  }
  if (surelyNonEmpty({ node: iterated, ancestors: [node, ...ancestors] }, facts)) return undefined;
  if (node.arguments.some(asserts)) return 'assertions in an iteration over what may be empty';
  const asserted = ancestors.some(isAssertion);
  return calledName(node) === 'every' && asserted
    ? 'every() holds for what may be empty'
    : undefined;
}

/** What is wrong with `it.each(values)`, which makes no test of no value. */
export function testOfEach(place: Place, facts: FileFacts): string | undefined {
  const { node, ancestors } = place;
  if (node.type !== 'CallExpression' || !isEach(node)) return undefined;
  const [rows] = node.arguments;
  return !rows || surelyNonEmpty({ node: rows, ancestors: [node, ...ancestors] }, facts)
    ? undefined
    : 'a test of each of what may be empty';
}

/** `it.each(…)`, `describe.each(…)`, `it.runIf(…).each(…)`. */
function isEach(node: Node): boolean {
  if (calledName(node) !== 'each' && calledName(node) !== 'for') return false;
  let object = calledObject(node);
  while (object && nameOf(object) === undefined) {
    object = object.type === 'MemberExpression' ? object.object : calledObject(object);
  }
  return ['describe', 'it', 'test'].includes(nameOf(object) ?? '');
}

/** What is wrong with `Math.max(...values)`, which is infinite of no value. */
export function extremeOfNothing({ node, ancestors }: Place, facts: FileFacts): string | undefined {
  if (node.type !== 'CallExpression' || nameOf(calledObject(node)) !== 'Math') return undefined;
  const isEmptiable = node.arguments.some(
    (each) =>
      each.type === 'SpreadElement' &&
      !surelyNonEmpty({ node: each.argument, ancestors: [node, ...ancestors] }, facts),
  );
  return isEmptiable ? `Math.${calledName(node)} of what may be empty` : undefined;
}
