import { entriesOf } from './python-filters.js';
import {
  isList,
  isMapping,
  isString,
  list,
  strip,
  textOf,
  toValue,
  undefinedValue,
  type Value,
} from './python-values.js';

/** A method of Python's texts and mappings; undefined where `@huggingface/jinja`'s is the same. */
export function pythonMethod(object: Value, name: string): Value | undefined {
  if (isMapping(object) && name === 'items' && !object.value.has(name)) {
    const entries = list(entriesOf(object));
    const method = toValue(() => null) as { value: unknown } & Value;
    return Object.assign(method, { value: () => entries });
  }
  if (isMapping(object) && name === 'get' && !object.value.has(name)) {
    const method = toValue(() => null);
    const get = ([key, fallback]: readonly Value[]) =>
      object.value.get(key === undefined ? '' : textOf(key)) ?? fallback ?? toValue(null);
    return Object.assign(method, { value: get });
  }
  if ((isList(object) || isString(object)) && name === 'length') return undefinedValue;
  if (!isString(object)) return undefined;
  const method = stringMethods.get(name);
  return method && toValue((...given: readonly unknown[]) => method(object.value, ...given));
}

type StringMethod = (text: string, ...given: readonly unknown[]) => unknown;

const characters = (given: unknown) =>
  given === undefined || given === null ? null : String(given);

const stringMethods: ReadonlyMap<string, StringMethod> = new Map<string, StringMethod>([
  ['strip', (text, given) => strip(text, characters(given))],
  ['lstrip', (text, given) => strip(text, characters(given), { right: false })],
  ['rstrip', (text, given) => strip(text, characters(given), { left: false })],
  [
    'capitalize',
    (text) => {
      const [first = '', ...rest] = text;
      return first.toUpperCase() + rest.join('').toLowerCase();
    },
  ],
  [
    'title',
    (text) =>
      text.replace(/\p{L}+/gu, (word) => {
        const [first = '', ...rest] = word;
        return first.toUpperCase() + rest.join('').toLowerCase();
      }),
  ],
  [
    'find',
    (text, part) => {
      const at = text.indexOf(String(part));
      return at < 0 ? -1 : [...text.slice(0, at)].length;
    },
  ],
  ['count', (text, part) => text.split(String(part)).length - 1],
  ['join', (text, given) => valuesOf(given).map(textOf).join(text)],
  ['isdigit', (text) => /^\p{Nd}+$/u.test(text)],
  ['islower', (text) => text !== text.toUpperCase() && text === text.toLowerCase()],
  ['isupper', (text) => text !== text.toLowerCase() && text === text.toUpperCase()],
]);

function valuesOf(given: unknown): readonly Value[] {
  if (Array.isArray(given)) return given;
  throw new Error('join is supported for lists');
}
