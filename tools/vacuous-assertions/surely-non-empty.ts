import { bare, calledName, calledObject, type Node, type Place, placesIn } from './syntax-tree.js';

/** Calls that return as many elements as they are given, in the object or in the first argument. */
const KEEPS_LENGTH = new Set([
  'entries',
  'keys',
  'values',
  'map',
  'toSorted',
  'toReversed',
  'with',
]);
const TAKES_ELEMENTS = new Set(['entries', 'keys', 'values', 'from', 'fromEntries', 'all']);
const COLLECTIONS = new Set(['Map', 'Set']);
/** What follows `expect(values`. */
const HAS_ELEMENTS = /^(\.(length|size)\)\.toBeGreaterThan\(\d|\)\.toHaveLength\([1-9])/;

/** What can be seen of a file without running it. */
export interface FileFacts {
  readonly text: string;
  /** Initial values of constants whose names stand for nothing else in the file. */
  readonly constants: ReadonlyMap<string, Node>;
}

export function factsOf(program: Node, text: string): FileFacts {
  const bound = new Map<string, (Node | undefined)[]>();
  const bind = (name: string, value?: Node) => bound.set(name, [...(bound.get(name) ?? []), value]);
  for (const { node, ancestors } of placesIn(program)) {
    const [parent, grandparent] = ancestors;
    if (node.type !== 'Identifier' || !parent) continue;
    if (parent.type === 'VariableDeclarator' && parent.id === node) {
      const isConstant =
        grandparent?.type === 'VariableDeclaration' && grandparent.kind === 'const';
      bind(node.name, isConstant ? (parent.init ?? undefined) : undefined);
    } else if (isPatternPart(node, parent, grandparent)) {
      bind(node.name);
    }
  }
  const constants = [...bound].flatMap(([name, [value, ...others]]) =>
    value && others.length === 0 ? [[name, value] as const] : [],
  );
  return { text, constants: new Map(constants) };
}

/** Whether an identifier is a parameter, or bound by taking another value apart. */
function isPatternPart(node: Node, parent: Node, grandparent: Node | undefined): boolean {
  switch (parent.type) {
    case 'ArrayPattern':
    case 'RestElement':
      return true;
    case 'AssignmentPattern':
      return parent.left === node;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return parent.params.some((parameter) => parameter === node);
    case 'Property':
      return grandparent?.type === 'ObjectPattern' && parent.value === node;
    default:
      return false;
  }
}

/** Whether what `node` gives has an element whatever happens, or the test has failed before. */
export function surelyNonEmpty(place: Place, facts: FileFacts): boolean {
  return isNonEmpty(place.node, facts) || isAssertedBefore(place, facts);
}

function isNonEmpty(expression: Node, facts: FileFacts): boolean {
  const node = bare(expression);
  const again = (other: Node | undefined) => other !== undefined && isNonEmpty(other, facts);
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' && node.value.length > 0;
    case 'ArrayExpression':
      return node.elements.some((element) =>
        element?.type === 'SpreadElement' ? again(element.argument) : element !== null,
      );
    case 'ObjectExpression':
      return node.properties.some((property) =>
        property.type === 'SpreadElement' ? again(property.argument) : true,
      );
    case 'Identifier':
      return again(facts.constants.get(node.name));
    case 'NewExpression':
      return (
        node.callee.type === 'Identifier' &&
        COLLECTIONS.has(node.callee.name) &&
        again(node.arguments[0])
      );
    case 'CallExpression': {
      const name = calledName(node) ?? '';
      if (name === 'nonEmpty') return true;
      const [first] = node.arguments;
      if (TAKES_ELEMENTS.has(name) && first) return again(first) || hasLength(first, facts);
      return KEEPS_LENGTH.has(name) && again(calledObject(node));
    }
    default:
      return false;
  }
}

/** Whether it is `{ length: n }` with a number above zero. */
function hasLength(node: Node, facts: FileFacts): boolean {
  if (node.type !== 'ObjectExpression') return false;
  return node.properties.some(
    (property) =>
      property.type === 'Property' &&
      property.key.type === 'Identifier' &&
      property.key.name === 'length' &&
      (numberOf(property.value, facts) ?? 0) > 0,
  );
}

/** The number that an expression is, where the file says so. */
export function numberOf(expression: Node, facts: FileFacts): number | undefined {
  const node = bare(expression);
  if (node.type === 'Literal' && typeof node.value === 'number') return node.value;
  const constant = node.type === 'Identifier' ? facts.constants.get(node.name) : undefined;
  return constant && numberOf(constant, facts);
}

/** Whether a statement before it, and around it, is an assertion that it has elements. */
function isAssertedBefore({ node, ancestors }: Place, { text }: FileFacts): boolean {
  const beginning = `expect(${text.slice(node.start, node.end)}`;
  return ancestors.some((block) => {
    if (block.type !== 'BlockStatement' && block.type !== 'Program') return false;
    return block.body.some(({ start, end }) => {
      const statement = text.slice(start, end);
      return (
        end <= node.start &&
        statement.startsWith(beginning) &&
        HAS_ELEMENTS.test(statement.slice(beginning.length))
      );
    });
  });
}
