import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.js';

/** One option of a command. Without `value` it is a switch. */
export interface Flag {
  /** What stands for the value in the help, for example `FILE`. */
  readonly value?: string;
  readonly integer?: true;
  /** Any number in plain digits. */
  readonly decimal?: true;
  readonly repeatable?: true;
  readonly choices?: readonly string[];
  /** Shown in the help; the command applies it. */
  readonly standard?: string;
  /** Heading that the help lists the option under. */
  readonly group: string;
  readonly help: string;
}

/** Every command has it; the program itself reads it. */
export const debugFlag = {
  group: 'Diagnostics',
  help: 'show where an error came from; LAYERSENSE_DEBUG=1 does the same',
} as const satisfies Flag;

export type Flags = Readonly<Record<string, Flag>>;

/** Everything parsing and help need to know about a command. */
export interface Syntax<F extends Flags = Flags> {
  readonly command: string;
  readonly summary: string;
  readonly operands: readonly { readonly name: string; readonly help: string }[];
  readonly flags: F;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
}

type FlagValue<F extends Flag> = F extends { repeatable: true }
  ? readonly string[]
  : F extends { integer: true } | { decimal: true }
    ? number | undefined
    : F extends { value: string }
      ? string | undefined
      : boolean;

export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: FlagValue<F[Name]> };

export interface Arguments<F extends Flags> {
  readonly operands: readonly string[];
  readonly flags: FlagValues<F>;
}

/**
 * The operands and flags of one command line. Whether a number is in range is not decided here:
 * the schema of the request knows.
 *
 * @throws UsageError that names the argument and what is accepted instead
 */
export function parseArguments<const F extends Flags>(
  syntax: Syntax<F>,
  args: readonly string[],
): Arguments<F> {
  const { tokens } = parseArgs({
    args: [...args],
    options: parseArgsOptions(syntax.flags),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(syntax.flags, token.name) ? syntax.flags[token.name] : undefined;
    if (!flag) throw unknownFlag(syntax, token.rawName);
    const values = given.get(token.name) ?? [];
    if (values.length > 0 && !flag.repeatable) {
      throw new UsageError(`${token.rawName} is given twice.`);
    }
    given.set(token.name, [...values, checkedValue(token.name, flag, token)]);
  }
  checkOperands(syntax, operands);
  return { operands, flags: flagValues(syntax.flags, given) };
}

function parseArgsOptions(flags: Flags): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [
      name,
      { type: value ? 'string' : 'boolean' },
    ]),
  );
}

function checkedValue(
  name: string,
  flag: Flag,
  { value, inlineValue }: { value: string | undefined; inlineValue: boolean | undefined },
): string {
  if (!flag.value) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value.`);
    return '';
  }
  // parseArgs takes the next argument whatever it is, so a forgotten value would swallow a flag.
  const swallowedFlag = !inlineValue && /^-(?!\d|$)/.test(value ?? '');
  if (!value || swallowedFlag)
    throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  if (flag.choices && !flag.choices.includes(value)) {
    throw new UsageError(`--${name} must be one of ${flag.choices.join(', ')}, not '${value}'.`);
  }
  if (flag.integer && !/^-?\d+$/.test(value)) {
    throw new UsageError(`--${name} must be a whole number, not '${value}'.`);
  }
  if (flag.decimal && !/^-?\d*\.?\d+$/.test(value)) {
    throw new UsageError(`--${name} must be a number such as 0.95, not '${value}'.`);
  }
  return value;
}

function checkOperands({ command, operands }: Syntax, given: readonly string[]): void {
  const missing = operands[given.length];
  if (missing) {
    const usage = ['layersense', command, ...operands.map(({ name }) => name)].join(' ');
    throw new UsageError(`${missing.name} is missing: ${usage} … (${missing.help})`);
  }
  const extra = given[operands.length];
  if (extra !== undefined) {
    const accepted = operands.map(({ name }) => name).join(' ') || 'options only';
    throw new UsageError(
      `Unexpected argument '${extra}': layersense ${command} takes ${accepted}.`,
    );
  }
}

function flagValues<F extends Flags>(flags: F, given: Map<string, string[]>): FlagValues<F> {
  const values = Object.entries(flags).map(([name, flag]) => {
    const texts = given.get(name) ?? [];
    if (flag.repeatable) return [name, texts];
    if (!flag.value) return [name, texts.length > 0];
    const [text] = texts;
    const numeric = flag.integer || flag.decimal;
    return [name, numeric && text !== undefined ? Number(text) : text];
  });
  return Object.fromEntries(values) as FlagValues<F>;
}

function unknownFlag(syntax: Syntax, flag: string): UsageError {
  const accepted = Object.keys(syntax.flags).map((name) => `--${name}`);
  return new UsageError(
    `layersense ${syntax.command} has no option ${flag}. It accepts ${accepted.join(', ')}.`,
  );
}
