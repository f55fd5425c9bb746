import { InvalidArgumentError } from '@commander-js/extra-typings';

interface Range {
  readonly from?: number;
  readonly to?: number;
}

/** Reads a whole number in plain digits. A request's numbers need no range: its schema has them. */
export function wholeNumber({ from = -Infinity, to = Infinity }: Range = {}) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
    if (value >= from && value <= to) return value;
    const range = to === Infinity ? `at least ${from}` : `from ${from} to ${to}`;
    throw new InvalidArgumentError(`It must be ${range}.`);
  };
}

/** Reads a number in plain digits, such as 0.95. */
export function decimalNumber(text: string): number {
  if (/^-?\d*\.?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number such as 0.95.');
}

/** Collects the values of an option that may be given again. */
export const repeated = (value: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  value,
];

/** The same for one that has choices, for `choices` of commander keeps the last value alone. */
export function repeatedChoice<const Choice extends string>(choices: readonly Choice[]) {
  return (text: string, earlier: readonly Choice[] = []): readonly Choice[] => {
    const value = choices.find((choice) => choice === text);
    if (value !== undefined) return [...earlier, value];
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  };
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Reads a size in bytes, such as 8GiB. */
export function byteSize(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?) *([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = units[unit.toUpperCase()];
  if (amount !== '' && factor !== undefined) return Math.floor(Number(amount) * factor);
  throw new InvalidArgumentError('It must be a size such as 8GiB, 600MB or 2000000000.');
}
