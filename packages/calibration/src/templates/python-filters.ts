import { formatted } from './python-format.js';
import {
  areEqual,
  float,
  isList,
  isMapping,
  isNumber,
  isString,
  list,
  strip,
  textOf,
  toValue,
  tuple,
  type Value,
} from './python-values.js';

export interface FilterArguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/**
 * A filter of Jinja; undefined where `@huggingface/jinja`'s own, which has the same name, does the
 * same with such a value.
 */
type Filter = (value: Value, given: FilterArguments) => Value | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};
const escaped: Filter = (value) =>
  toValue(textOf(value).replace(/[&<>'"]/g, (character) => ESCAPES[character] ?? character));
const length: Filter = (value) => (isString(value) ? toValue([...value.value].length) : undefined);

/** What `@huggingface/jinja` 0.5.11 has not, or does in another way than Python. */
export const pythonFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['e', escaped],
  ['escape', escaped],
  ['forceescape', escaped],
  ['length', length],
  ['count', (value, given) => length(value, given) ?? sizeOf(value)],
  ['tojson', (value) => withoutWholeFloats(value)],
  ['string', (value) => toValue(textOf(value))],
  ['format', (value, given) => toValue(formatted(textOf(value), formatValues(given)))],
  [
    'trim',
    (value, { positional, named }) => {
      const characters = positional[0] ?? named.get('chars');
      return toValue(strip(textOf(value), characters && textOf(characters)));
    },
  ],
  ['capitalize', (value) => toValue(capitalized(textOf(value)))],
  ['title', (value) => toValue(titled(textOf(value)))],
  ['join', joined],
  ['d', defaulted],
  ['default', defaulted],
  [
    'sum',
    (value, given) =>
      plain(given) &&
      number(
        numbersOf(value).reduce((a, b) => a + b, 0),
        value,
      ),
  ],
  ['max', (value, given) => plain(given) && number(Math.max(...numbersOf(value)), value)],
  ['min', (value, given) => plain(given) && number(Math.min(...numbersOf(value)), value)],
  ['round', rounded],
  [
    'reverse',
    (value) => (isString(value) ? toValue([...value.value].reverse().join('')) : undefined),
  ],
  ['wordcount', (value) => toValue(textOf(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
  ['unique', (value, given) => (plain(given) && isList(value) ? unique(value.value) : undefined)],
  ['items', (value) => (isMapping(value) ? list(entriesOf(value)) : undefined)],
  ['list', (value) => listed(value)],
  ['dictsort', (value, given) => (plain(given) && isMapping(value) ? sorted(value) : undefined)],
]);

/** The library would write 2.0 as 2. */
function withoutWholeFloats(value: Value): undefined {
  if (value.type === 'FloatValue' && Number.isInteger(value.value)) {
    throw new Error('tojson of a whole number with a decimal point is not supported');
  }
  if (isList(value)) for (const each of value.value) withoutWholeFloats(each);
  if (isMapping(value)) for (const each of value.value.values()) withoutWholeFloats(each);
}

function plain({ positional, named }: FilterArguments): true | undefined {
  return positional.length === 0 && named.size === 0 ? true : undefined;
}

function formatValues({ positional, named }: FilterArguments): Value {
  if (named.size === 0) return tuple(positional);
  const mapping = toValue({});
  for (const [name, value] of named) (mapping.value as Map<string, Value>).set(name, value);
  return mapping;
}

function capitalized(text: string): string {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** Words as Jinja divides them: at spaces, hyphens and opening brackets. */
function titled(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map(capitalized)
    .join('');
}

function joined(value: Value, { positional, named }: FilterArguments): Value | undefined {
  if (positional.length > 1 || named.has('attribute') || !isList(value)) return undefined;
  const separator = positional[0] ?? named.get('d');
  return toValue(value.value.map(textOf).join(separator === undefined ? '' : textOf(separator)));
}

function defaulted(value: Value, { positional, named }: FilterArguments): Value {
  const fallback = positional[0] ?? named.get('default_value') ?? toValue('');
  const boolean = positional[1] ?? named.get('boolean');
  const applies = value.type === 'UndefinedValue' || (isTrue(boolean) && !isTrue(value));
  return applies ? fallback : value;
}

export function isTrue(value: Value | undefined): boolean {
  if (value === undefined) return false;
  if (isList(value)) return value.value.length > 0;
  return isMapping(value) ? value.value.size > 0 : Boolean(value.value);
}

function sizeOf(value: Value): Value | undefined {
  if (isList(value)) return toValue(value.value.length);
  return isMapping(value) ? toValue(value.value.size) : undefined;
}

function numbersOf(value: Value): number[] {
  const values = isList(value) ? value.value : [value];
  if (values.length === 0 || !values.every(isNumber)) {
    throw new Error('sum, min and max are supported for lists of numbers that are not empty');
  }
  return values.map((each) => Number(each.value));
}

function number(result: number, values: Value): Value {
  const floats = isList(values) && values.value.some(({ type }) => type === 'FloatValue');
  return floats ? float(result) : toValue(result);
}

/** To even where two are equally near, as Python rounds. */
function rounded(value: Value, { positional, named }: FilterArguments): Value {
  const precision = Number((positional[0] ?? named.get('precision'))?.value ?? 0);
  if (positional.length > 1 || named.has('method') || !isNumber(value)) {
    throw new Error('round is supported for numbers, with a precision alone');
  }
  const scaled = Number(`${value.value}e${precision}`);
  const down = Math.floor(scaled);
  const half = scaled - down === 0.5;
  const whole = half ? down + Math.abs(down % 2) : Math.round(scaled);
  return float(Number(`${whole}e${-precision}`));
}

function unique(values: readonly Value[]): Value {
  const folded = (value: Value) => (isString(value) ? toValue(value.value.toLowerCase()) : value);
  const kept: Value[] = [];
  for (const value of values) {
    if (!kept.some((other) => areEqual(folded(other), folded(value)))) kept.push(value);
  }
  return list(kept);
}

export function entriesOf(value: Value & { readonly value: ReadonlyMap<string, Value> }): Value[] {
  return [...value.value].map(([key, each]) => tuple([toValue(key), each]));
}

function listed(value: Value): Value | undefined {
  if (isString(value)) return list([...value.value].map(toValue));
  if (isMapping(value)) return list([...value.value.keys()].map(toValue));
  return isList(value) ? list(value.value) : undefined;
}

/** By key, without regard to case. */
function sorted(value: Value & { readonly value: ReadonlyMap<string, Value> }): Value {
  const fold = ([key]: readonly [string, Value]) => key.toLowerCase();
  const entries = [...value.value].sort((a, b) =>
    fold(a) < fold(b) ? -1 : Number(fold(a) > fold(b)),
  );
  return list(entries.map(([key, each]) => tuple([toValue(key), each])));
}
