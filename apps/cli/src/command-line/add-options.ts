import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';

/** Adds what a table lists. A command's `opts` holds their values, which its type knows nothing of. */
export function addOptions<C extends CommandUnknownOpts>(
  command: C,
  options: readonly Option[],
): C {
  for (const option of options) command.addOption(option);
  return command;
}
