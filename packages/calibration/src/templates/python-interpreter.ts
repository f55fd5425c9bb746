import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { pythonFilters } from './python-filters.js';
import { pythonMethod } from './python-methods.js';
import { binaryResult } from './python-operators.js';
import { isList, isNumber, isString, list, textOf, toValue, type Value } from './python-values.js';
import { templateGlobals } from './template-globals.js';

/** A node of the parsed template; which keys it has depends on its type. */
interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The methods of `@huggingface/jinja` 0.5.11's interpreter that are replaced or called here. */
interface Internals {
  evaluate(node: Node | undefined, scope: Environment): Value;
  evaluateBlock(nodes: readonly Node[], scope: Environment): Value;
  evaluateFor(node: Node, scope: Environment): Value;
  evaluateBinaryExpression(node: Node, scope: Environment): Value;
  evaluateMemberExpression(node: Node, scope: Environment): Value;
  evaluateCallExpression(node: Node, scope: Environment): Value;
  evaluateArguments(args: readonly Node[], scope: Environment): [Value[], Map<string, Value>];
  applyFilter(value: Value, node: Node, scope: Environment): Value;
  run(program: unknown): Value;
}

/** What prints nothing by itself: all else in a template is an expression, and is printed. */
const STATEMENTS = new Set([
  'Set',
  'If',
  'For',
  'Macro',
  'CallStatement',
  'FilterStatement',
  'Comment',
]);

interface Loop {
  readonly body: unknown;
  /** What the body printed before a `break`. */
  printed: string;
  /** Whether the body was left at its end once; otherwise Jinja goes on with `else`. */
  completed: boolean;
}

/**
 * Renders a template as Python's Jinja does. `@huggingface/jinja` parses it and keeps its scopes; what
 * it does in JavaScript's way is replaced: how values are printed, compared and added, what a loop
 * has printed before `break` and `continue`, attributes of what is undefined, white space. What
 * neither knows is an error that names it.
 *
 * @throws Error what the template raises; SyntaxError where it cannot be parsed
 */
export function renderTemplate(
  template: string,
  variables: Readonly<Record<string, unknown>>,
): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...templateGlobals, ...variables })) {
    environment.set(name, value);
  }
  return textOf(pythonInterpreter(environment).run(parse(tokenize(template, WHITE_SPACE))));
}

/** As transformers sets Jinja up. */
const WHITE_SPACE = { lstrip_blocks: true, trim_blocks: true };

function pythonInterpreter(environment: Environment): Internals {
  const interpreter = new Interpreter(environment) as unknown as Internals;
  const own = {
    evaluate: interpreter.evaluate.bind(interpreter),
    evaluateFor: interpreter.evaluateFor.bind(interpreter),
    evaluateBinaryExpression: interpreter.evaluateBinaryExpression.bind(interpreter),
    evaluateMemberExpression: interpreter.evaluateMemberExpression.bind(interpreter),
    evaluateCallExpression: interpreter.evaluateCallExpression.bind(interpreter),
    applyFilter: interpreter.applyFilter.bind(interpreter),
  };
  const loops: Loop[] = [];

  interpreter.evaluate = (node, scope) =>
    node?.type === EVALUATED ? (node.value as Value) : own.evaluate(node, scope);

  interpreter.evaluateBlock = (nodes, scope) => {
    const last = loops.at(-1);
    const loop = last?.body === nodes ? last : undefined;
    let printed = '';
    for (const node of nodes) {
      try {
        const value = interpreter.evaluate(node, scope);
        if (!STATEMENTS.has(node.type)) printed += textOf(value);
        else if (isString(value)) printed += value.value;
      } catch (cause) {
        const control = loopControl(cause);
        if (control === undefined) throw cause;
        printed += printedBefore.get(control) ?? '';
        if (loop === undefined) printedBefore.set(control, printed);
        else if (control.constructor === Continue) return toValue(printed);
        else loop.printed = printed;
        throw control;
      }
    }
    if (loop) loop.completed = true;
    return toValue(printed);
  };

  interpreter.evaluateFor = (node, scope) => {
    const loop: Loop = { body: node.body, printed: '', completed: false };
    const iterable = node.iterable as Node;
    const select = iterable.type === 'SelectExpression';
    const source = interpreter.evaluate(select ? (iterable.lhs as Node) : iterable, scope);
    const items = evaluated(itemsOf(source, (node.loopvar as Node).type === 'TupleLiteral'));
    loops.push(loop);
    try {
      const each = select ? { ...iterable, lhs: items } : items;
      const value = own.evaluateFor({ ...node, iterable: each, defaultBlock: [] }, scope);
      const otherwise = loop.completed ? [] : (node.defaultBlock as Node[]);
      return toValue(
        textOf(value) + loop.printed + textOf(interpreter.evaluateBlock(otherwise, scope)),
      );
    } finally {
      loops.pop();
    }
  };

  interpreter.evaluateBinaryExpression = (node, scope) => {
    const operator = (node.operator as { value: string }).value;
    if (operator === 'and' || operator === 'or') return own.evaluateBinaryExpression(node, scope);
    const left = interpreter.evaluate(node.left as Node, scope);
    const right = interpreter.evaluate(node.right as Node, scope);
    const result = binaryResult(operator, left, right);
    if (result !== undefined) return toValue(result);
    return own.evaluateBinaryExpression(
      { ...node, left: evaluated(left), right: evaluated(right) },
      scope,
    );
  };

  interpreter.evaluateMemberExpression = (node, scope) => {
    const object = interpreter.evaluate(node.object as Node, scope);
    const property = node.property as Node;
    if (object.type === 'UndefinedValue') {
      throw new Error(`${nameOf(node.object as Node)} is undefined`);
    }
    const name = node.computed === true ? undefined : String(property.value);
    const method = name === undefined ? undefined : pythonMethod(object, name);
    if (method !== undefined) return method;
    if (node.computed === true && isString(object) && property.type !== 'SliceExpression') {
      const index = interpreter.evaluate(property, scope);
      if (isNumber(index)) return toValue([...object.value].at(index.value));
    }
    return own.evaluateMemberExpression({ ...node, object: evaluated(object) }, scope);
  };

  interpreter.evaluateCallExpression = (node, scope) => {
    const callee = interpreter.evaluate(node.callee as Node, scope);
    if (callee.type !== 'FunctionValue') {
      throw new Error(`${nameOf(node.callee as Node)} is no function that is known`);
    }
    return own.evaluateCallExpression({ ...node, callee: evaluated(callee) }, scope);
  };

  interpreter.applyFilter = (value, node, scope) => {
    const call = node.type === 'CallExpression';
    const name = String(((call ? node.callee : node) as Node).value);
    const [positional, named] = call
      ? interpreter.evaluateArguments(node.args as Node[], scope)
      : [[], new Map<string, Value>()];
    return (
      pythonFilters.get(name)?.(value, { positional, named }) ?? own.applyFilter(value, node, scope)
    );
  };
  return interpreter;
}

const EVALUATED = 'Evaluated';
/** A node for a value that is there already. */
const evaluated = (value: Value): Node => ({ type: EVALUATED, value });

type LoopControl = Error;
const printedBefore = new WeakMap<LoopControl, string>();
const [Break, Continue] = ['break', 'continue'].map((tag) => {
  try {
    new Interpreter(new Environment()).run(parse(tokenize(`{% ${tag} %}`)));
  } catch (cause) {
    return (cause as Error).constructor;
  }
  throw new Error(`@huggingface/jinja no longer leaves a loop with an error for "${tag}"`);
});

function loopControl(cause: unknown): LoopControl | undefined {
  const kind = (Object(cause) as object).constructor;
  return kind === Break || kind === Continue ? (cause as LoopControl) : undefined;
}

/** What a loop goes through: the keys of a mapping, the characters of a text. */
function itemsOf(value: Value, unpacked: boolean): Value {
  if (value.type === 'UndefinedValue') return list([]);
  if (isString(value)) return list([...value.value].map(toValue));
  if (!isList(value)) return value;
  return unpacked
    ? list(value.value.map((item) => (isList(item) ? list(item.value) : item)))
    : value;
}

function nameOf(node: Node): string {
  if (node.type === 'Identifier') return `"${String(node.value)}"`;
  return node.type === 'MemberExpression' ? nameOf(node.property as Node) : 'a value';
}
