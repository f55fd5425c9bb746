import type { CommandUnknownOpts, HelpConfiguration, Option } from '@commander-js/extra-typings';
import { nameOf } from './explain-error.js';

/** How commander's help pages of this program look: the commands of a group stand with the others. */
export const helpLayout: HelpConfiguration = {
  // Of the explanations: on a narrow terminal short lines beside the terms are better than none.
  minWidthToWrap: 20,
  visibleCommands: (command) => command.commands.flatMap(commandsIn),
  subcommandTerm: (command) => {
    const [, ...words] = nameOf(command).split(' ');
    return [...words, ...command.registeredArguments.map((argument) => argument.name())].join(' ');
  },
  optionDescription: (option) => {
    const notes = [choicesOf(option), standardOf(option)].filter(Boolean).join('; ');
    return notes ? `${option.description} (${notes})` : option.description;
  },
};

function commandsIn(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(commandsIn);
}

const choicesOf = ({ argChoices }: Option): string =>
  argChoices ? `one of ${argChoices.join(', ')}` : '';

/** A description alone is a default that is applied elsewhere: by the schema of the request. */
function standardOf({ defaultValue, defaultValueDescription }: Option): string {
  const standard = defaultValueDescription ?? defaultValue;
  return standard === undefined ? '' : `default: ${standard}`;
}

interface Example {
  readonly line: string;
  readonly what: string;
}

/** For `addHelpText('after', …)`. */
export function examples(...all: readonly Example[]): string {
  const entries = all.map(({ line, what }) => `  # ${what}\n  ${line}`);
  return `\nExamples:\n${entries.join('\n\n')}`;
}

/** The same of terms with explanations, wrapped to the terminal as commander wraps options. */
export function definitions(
  title: string,
  terms: Readonly<Record<string, string>>,
): (context: { readonly command: CommandUnknownOpts }) => string {
  return ({ command }) => {
    const help = command.createHelp();
    const helpWidth = command.configureOutput().getOutHelpWidth?.();
    help.prepareContext(helpWidth === undefined ? {} : { helpWidth });
    const width = Math.max(0, ...Object.keys(terms).map((term) => term.length));
    const lines = Object.entries(terms).map(([term, text]) =>
      help.formatItem(term, width, text, help),
    );
    return `\n${title}:\n${lines.join('\n')}`;
  };
}
