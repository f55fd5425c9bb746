import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { UsageError } from '../usage-error.js';

/** What commander ends with when there is nothing left to do: the help or version is printed. */
export const isAnswered = (error: unknown): boolean =>
  error instanceof CommanderError && error.exitCode === 0;

/** commander's complaint about a command line as ours; any other error as it is. */
export function explainError(error: unknown, command: CommandUnknownOpts): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '');
  switch (error.code) {
    case 'commander.help':
      return new UsageError(`${nameOf(command)} needs one of its commands after it.`);
    case 'commander.missingArgument': {
      const missing = command.registeredArguments[command.args.length];
      const usage = [nameOf(command), ...namesOfArguments(command)].join(' ');
      const name = missing?.name();
      return new UsageError(`${name} is missing: ${usage} … (${missing?.description})`);
    }
    case 'commander.excessArguments': {
      const taken = namesOfArguments(command);
      const extra = command.args[taken.length];
      const accepted = taken.join(' ') || 'options only';
      return new UsageError(
        `unexpected argument '${extra}': ${nameOf(command)} takes ${accepted}.`,
      );
    }
    case 'commander.unknownOption': {
      const [, flag] = /'(--[^']+)=/.exec(message) ?? [];
      const isSwitch = command.options.some(({ long }) => long === flag);
      return new UsageError(isSwitch ? `${flag} takes no value.` : message);
    }
    default:
      return new UsageError(message);
  }
}

const namesOfArguments = (command: CommandUnknownOpts): readonly string[] =>
  command.registeredArguments.map((argument) => argument.name());

/** The command of `program` that `args` begin with; a group of commands, or itself, without one. */
export function commandOf(
  program: CommandUnknownOpts,
  args: readonly string[],
): CommandUnknownOpts {
  const [word, ...rest] = args;
  const next = program.commands.find((command) => command.name() === word);
  return next ? commandOf(next, rest) : program;
}

/** `layersense keys create`, of that command. */
export function nameOf(command: CommandUnknownOpts): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}
