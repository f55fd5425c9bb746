import { formatted } from './python-format.js';
import { areEqual, isList, isNumber, isString, textOf, type Value } from './python-values.js';

/** The result where JavaScript's is another than Python's; undefined where it is the same. */
export function binaryResult(operator: string, left: Value, right: Value): unknown {
  if (operator === '~') return textOf(left) + textOf(right);
  if (operator === '==') return areEqual(left, right);
  if (operator === '!=') return !areEqual(left, right);
  if (isList(right) && (operator === 'in' || operator === 'not in')) {
    return right.value.some((each) => areEqual(each, left)) === (operator === 'in');
  }
  if (isString(left) && isString(right) && /^[<>]=?$/.test(operator)) {
    return compare(operator, order(left.value, right.value));
  }
  if (operator === '%' && isString(left)) return formatted(left.value, right);
  if (operator === '%' && left.type === 'IntegerValue' && right.type === 'IntegerValue') {
    const [a, b] = [Number(left.value), Number(right.value)];
    if (b === 0) throw new Error('division by zero');
    return ((a % b) + b) % b;
  }
  if ((operator === '/' || operator === '//') && isNumber(right) && right.value === 0) {
    throw new Error('division by zero');
  }
  if (operator === '*' && isString(left) && right.type === 'IntegerValue') {
    return left.value.repeat(Math.max(0, Number(right.value)));
  }
  if (operator === '+' && isString(left) !== isString(right)) {
    throw new Error(`"+" cannot join a ${left.type} and a ${right.type}`);
  }
  return undefined;
}

/** By code points, which is how Python orders texts. */
function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function compare(operator: string, sign: number): boolean {
  if (sign === 0) return operator.endsWith('=');
  return operator.startsWith('<') === sign < 0;
}
