import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

/** A value inside a template, as `@huggingface/jinja` holds it. */
export interface Value {
  readonly type: string;
  readonly value: unknown;
}

/** The value that a plain one of JavaScript is inside a template; a function is given plain ones. */
export function toValue(plain: unknown): Value {
  return new Environment().set('value', plain) as Value;
}

type Constructor = new (value: unknown) => Value;
const classOf = (value: Value) => value.constructor as Constructor;
const FloatValue = classOf(toValue(0.5));
const ArrayValue = classOf(toValue([]));
const TupleValue = tupleClass();

export const float = (value: number): Value => new FloatValue(value);
export const list = (values: readonly Value[]): Value => new ArrayValue([...values]);
export const tuple = (values: readonly Value[]): Value => new TupleValue([...values]);
export const undefinedValue: Value = toValue(undefined);

/** The class has no export, and no plain value becomes one of it. */
function tupleClass(): Constructor {
  const scope = new Environment();
  const [expression] = parse(tokenize('{{ (1, 2) }}')).body;
  return classOf(new Interpreter(scope).evaluate(expression, scope) as Value);
}

export function isList(value: Value): value is Value & { readonly value: readonly Value[] } {
  return value.type === 'ArrayValue' || value.type === 'TupleValue';
}

export function isMapping(
  value: Value,
): value is Value & { readonly value: ReadonlyMap<string, Value> } {
  return value.type === 'ObjectValue' || value.type === 'KeywordArgumentsValue';
}

export function isNumber(value: Value): value is Value & { readonly value: number } {
  return value.type === 'IntegerValue' || value.type === 'FloatValue';
}

export function isString(value: Value): value is Value & { readonly value: string } {
  return value.type === 'StringValue';
}

/** Python's `str(value)`, and no text for an undefined one. */
export function textOf(value: Value): string {
  if (isString(value)) return value.value;
  return value.type === 'UndefinedValue' ? '' : reprOf(value);
}

/** Python's `repr(value)`. */
function reprOf(value: Value): string {
  if (isString(value)) return quoted(value.value);
  if (value.type === 'FloatValue') return floatText(Number(value.value));
  if (value.type === 'IntegerValue') return String(value.value);
  if (value.type === 'BooleanValue') return value.value === true ? 'True' : 'False';
  if (value.type === 'NullValue') return 'None';
  if (value.type === 'UndefinedValue') return 'Undefined';
  if (isMapping(value)) {
    const entries = [...value.value].map(([key, each]) => `${quoted(key)}: ${reprOf(each)}`);
    return `{${entries.join(', ')}}`;
  }
  if (isList(value)) {
    const inner = value.value.map(reprOf).join(', ');
    if (value.type === 'ArrayValue') return `[${inner}]`;
    return value.value.length === 1 ? `(${inner},)` : `(${inner})`;
  }
  throw new Error(`a ${value.type} cannot be printed`);
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Python escapes
  const escaped = text.replace(/[\\\x00-\x1f\x7f-\xa0\xad]/g, (character) => {
    const short = SHORT_ESCAPES[character];
    return short ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return value.toFixed(1);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Python's `a == b`. */
export function areEqual(a: Value, b: Value): boolean {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x === y;
  if (a.type !== b.type) return false;
  if (isList(a) && isList(b)) {
    const other = b.value;
    return (
      a.value.length === other.length &&
      a.value.every((each, i) => areEqual(each, other[i] ?? undefinedValue))
    );
  }
  if (isMapping(a) && isMapping(b)) {
    const other = b.value;
    return (
      a.value.size === other.size &&
      [...a.value].every(([key, each]) => {
        const counterpart = other.get(key);
        return counterpart !== undefined && areEqual(each, counterpart);
      })
    );
  }
  return a.value === b.value;
}

/** A number, or a boolean as the number it is in Python. */
function numeric(value: Value): number | undefined {
  return isNumber(value) || value.type === 'BooleanValue' ? Number(value.value) : undefined;
}

/** What Python's `str.isspace` and `str.strip` take for white space. */
const SPACE = '\t\n\v\f\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000';

/**
 * Python's `str.strip`, `lstrip` and `rstrip`.
 *
 * @param characters that are taken away; white space by default
 */
export function strip(
  text: string,
  characters: string | null | undefined,
  { left = true, right = true } = {},
): string {
  const escaped = characters?.replace(/[\\\]^-]/g, '\\$&') ?? SPACE;
  if (escaped === '') return text;
  let result = text;
  if (left) result = result.replace(new RegExp(`^[${escaped}]+`, 'u'), '');
  if (right) {
    // From the end: a regular expression for it would look at every run of spaces in the text.
    const inside = new RegExp(`[${escaped}]`, 'u');
    const points = [...result];
    let end = points.length;
    while (end > 0 && inside.test(points[end - 1] ?? '')) end -= 1;
    result = points.slice(0, end).join('');
  }
  return result;
}
