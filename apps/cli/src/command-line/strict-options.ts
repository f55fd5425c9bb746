import { EventEmitter } from 'node:events';
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { UsageError } from '../usage-error.js';

/**
 * Refuses what commander lets pass: an option given twice, whose last value would win, and one
 * without its value, which would take the next option for it.
 */
export function refuseLostValues(command: CommandUnknownOpts, args: readonly string[]): void {
  // It is one; commander's types leave out how to listen before its own listeners.
  if (!(command instanceof EventEmitter)) throw new TypeError('a command emits its options');
  for (const option of command.options) {
    command.prependListener(`option:${option.name()}`, (value: string | undefined) => {
      const flag = option.long ?? option.flags;
      if (option.required && (value === '' || isNextOption(args, option, value))) {
        throw new UsageError(`${flag} needs a value: ${option.flags}`);
      }
      const name = option.attributeName();
      const isGiven = command.getOptionValueSource(name) === 'cli';
      // An option that may be repeated collects its values.
      if (isGiven && !Array.isArray(command.getOptionValue(name))) {
        throw new UsageError(`${flag} is given twice.`);
      }
    });
  }
}

/** Whether the value stands by itself on the command line and looks like an option; -1 does not. */
function isNextOption(
  args: readonly string[],
  { long, short }: Option,
  value: string | undefined,
): boolean {
  if (value === undefined || !/^-(?!\d|\.\d|$)/.test(value)) return false;
  return args.some((arg, i) => (arg === long || arg === short) && args[i + 1] === value);
}
