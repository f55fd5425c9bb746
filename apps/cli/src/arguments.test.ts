import { describe, expect, it } from 'vitest';
import { type Flags, parseArguments, type Syntax } from './arguments.js';
import { UsageError } from './usage-error.js';

const flags = {
  seed: { value: 'N', integer: true, group: 'g', help: 'h' },
  share: { value: 'P', decimal: true, group: 'g', help: 'h' },
  device: { value: 'D', choices: ['cpu', 'cuda'], group: 'g', help: 'h' },
  root: { value: 'DIR', repeatable: true, group: 'g', help: 'h' },
  json: { group: 'g', help: 'h' },
} as const satisfies Flags;

const syntax: Syntax<typeof flags> = {
  command: 'try',
  summary: '',
  operands: [{ name: 'MODEL', help: 'a folder' }],
  flags,
  examples: [],
};

const messageOf = (...args: string[]): string => {
  try {
    parseArguments(syntax, args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

describe('parseArguments', () => {
  it('reads operands, values of every kind and switches in any order', () => {
    const args = ['--root', 'a', '--seed=7', '--share', '.5', 'model', '--json', '--root', 'b'];
    expect(parseArguments(syntax, args)).toEqual({
      operands: ['model'],
      flags: { seed: 7, share: 0.5, device: undefined, root: ['a', 'b'], json: true },
    });
  });

  it('passes a negative number on, for the schema to judge', () => {
    expect(parseArguments(syntax, ['model', '--seed', '-1']).flags.seed).toBe(-1);
  });

  it.each([
    [
      ['m', '--sed', '1'],
      'layersense try has no option --sed. It accepts --seed, --share, --device, --root, --json.',
    ],
    [
      ['m', '-x'],
      'layersense try has no option -x. It accepts --seed, --share, --device, --root, --json.',
    ],
    [['m', '--device', 'gpu'], "--device must be one of cpu, cuda, not 'gpu'."],
    [['m', '--seed', 'x'], "--seed must be a whole number, not 'x'."],
    [['m', '--seed', '1.5'], "--seed must be a whole number, not '1.5'."],
    [['m', '--share', '5 %'], "--share must be a number such as 0.95, not '5 %'."],
    [['m', '--seed'], '--seed needs a value: --seed N'],
    [['m', '--seed='], '--seed needs a value: --seed N'],
    [['m', '--device', '--json'], '--device needs a value: --device D'],
    [['m', '--seed', '1', '--seed', '2'], '--seed is given twice.'],
    [['m', '--json=yes'], '--json takes no value.'],
    [['m', 'n'], "Unexpected argument 'n': layersense try takes MODEL."],
    [[], 'MODEL is missing: layersense try MODEL … (a folder)'],
    [
      ['m', '--toString', '1'],
      'layersense try has no option --toString. It accepts --seed, --share, --device, --root, --json.',
    ],
  ])('refuses %j', (args, message) => {
    expect(messageOf(...args)).toBe(message);
  });
});
