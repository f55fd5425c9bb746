import { type Node, parseSync, visitorKeys } from 'oxc-parser';

export type { Node };

/** A node with those that it stands in, the nearest first. */
export interface Place {
  readonly node: Node;
  readonly ancestors: readonly Node[];
}

/** @throws Error where the text is not TypeScript */
export function parseTypeScript(file: string, text: string): Node {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors.map((each) => each.message).join()}`);
  return program;
}

/** The node itself and all below it, each before those that it holds. */
export function* placesIn(node: Node, ancestors: readonly Node[] = []): Generator<Place> {
  yield { node, ancestors };
  for (const key of visitorKeys[node.type] ?? []) {
    const held = node[key as keyof Node] as unknown as Node | readonly (Node | null)[] | null;
    for (const child of [held ?? []].flat()) {
      if (child !== null) yield* placesIn(child, [node, ...ancestors]);
    }
  }
}

/** `f` of `f(…)` and of `object.f(…)`. */
export function calledName(node: Node): string | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const { callee } = node;
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
    ? callee.property.name
    : undefined;
}

/** `object` of `object.f(…)`. */
export function calledObject(node: Node): Node | undefined {
  return node.type === 'CallExpression' && node.callee.type === 'MemberExpression'
    ? node.callee.object
    : undefined;
}

/** An expression without `as`, `satisfies`, `!`, parentheses and `await`, which change no value here. */
export function bare(node: Node): Node {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return bare(node.expression);
    case 'AwaitExpression':
      return bare(node.argument);
    default:
      return node;
  }
}

/** The name that an identifier is. */
export const nameOf = (node: Node | undefined): string | undefined =>
  node?.type === 'Identifier' ? node.name : undefined;

export const isLoop = ({ type }: Node): boolean => /^(For|While|DoWhile)/.test(type);
