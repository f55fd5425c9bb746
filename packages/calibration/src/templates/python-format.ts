import { isList, isMapping, isNumber, textOf, type Value } from './python-values.js';

const DIRECTIVE = /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/**
 * Python's `format % values`, with `%s`, `%r`-less numbers in `d`, `i`, `f`, `x`, `X`, `o`, and `%%`.
 *
 * @throws Error for other directives, by name, and where there are too few or too many values
 */
export function formatted(format: string, values: Value): string {
  const positional = isList(values) && values.type === 'TupleValue' ? values.value : [values];
  let next = 0;
  const text = format.replace(DIRECTIVE, (directive, name, flags, width, precision, kind) => {
    if (kind === '%') return '%';
    if (width === '*') throw new Error(`the format directive "${directive}" is not supported`);
    const value = name === undefined ? positional[next++] : named(values, name);
    if (value === undefined) throw new Error('not enough arguments for format string');
    const converted = convert(value, kind, precision, directive);
    return pad(signed(converted, kind, flags), flags, Number(width ?? 0), kind);
  });
  if (next < positional.length && !isMapping(values)) {
    throw new Error('not all arguments converted during string formatting');
  }
  return text;
}

function named(values: Value, name: string): Value | undefined {
  return isMapping(values) ? values.value.get(name) : undefined;
}

function convert(value: Value, kind: string, precision: string | undefined, directive: string) {
  if (kind === 's') {
    const text = textOf(value);
    return precision === undefined ? text : [...text].slice(0, Number(precision)).join('');
  }
  const number = value.type === 'BooleanValue' ? Number(value.value) : value.value;
  if (!isNumber(value) && typeof number !== 'number') {
    throw new Error(`"${directive}" needs a number, not a ${value.type}`);
  }
  const whole = BigInt(Math.trunc(Number(number)));
  if (kind === 'd' || kind === 'i') return String(whole);
  if (kind === 'x') return whole.toString(16);
  if (kind === 'X') return whole.toString(16).toUpperCase();
  if (kind === 'o') return whole.toString(8);
  if (kind === 'f' || kind === 'F') return Number(number).toFixed(Number(precision ?? 6));
  throw new Error(`the format directive "${directive}" is not supported`);
}

function signed(text: string, kind: string, flags: string): string {
  if (kind === 's' || text.startsWith('-')) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

function pad(text: string, flags: string, width: number, kind: string): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || kind === 's') return ' '.repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
