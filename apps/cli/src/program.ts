import { readFileSync } from 'node:fs';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { type CommandContext, createContext } from './command-line/context.js';
import { commandOf, explainError, isAnswered, nameOf } from './command-line/explain-error.js';
import { definitions, helpLayout } from './command-line/help-layout.js';
import { refuseLostValues } from './command-line/strict-options.js';
import { commands } from './commands/index.js';
import { reportError } from './report-error.js';

/** Carries out one command line; answers the exit code, and throws nothing. */
export async function runProgram(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const context = createContext(environment);
  const program = createProgram(context, args);
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (isAnswered(error)) return 0;
    const command = commandOf(program, args);
    const situation = { command: nameOf(command), debug: args.includes('--debug') };
    return reportError(explainError(error, command), situation);
  }
}

function createProgram(context: CommandContext, args: readonly string[]): CommandUnknownOpts {
  const program = new Command('layersense')
    .description('Which layers of a language model can be quantised, and which cannot.')
    .usage('COMMAND [options]')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this page')
    .enablePositionalOptions()
    .configureHelp(helpLayout)
    // What is wrong with a command line is said by `reportError`, like every other error.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', definitions('Environment', environmentVariables));
  for (const describe of commands) program.addCommand(describe(context));
  for (const command of program.commands) prepare(command, program, args);
  return program;
}

/** What every command has in common with the others. */
function prepare(
  command: CommandUnknownOpts,
  parent: CommandUnknownOpts,
  args: readonly string[],
): void {
  command.copyInheritedSettings(parent);
  const helpOption = new Option('-h, --help', 'print this page').helpGroup('Diagnostics:');
  command.addHelpOption(helpOption);
  if (command.commands.length === 0) {
    const debug = 'show where an error came from; LAYERSENSE_DEBUG=1 does the same';
    command.addOption(new Option('--debug', debug).helpGroup('Diagnostics:'));
  }
  refuseLostValues(command, args);
  for (const child of command.commands) prepare(child, command, args);
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

const environmentVariables = {
  DATABASE_URL: 'PostgreSQL instead of the bundled server',
  QUEUE_URL: 'Redis or PostgreSQL for the queue; the database when absent',
  'HF_HOME, HF_HUB_CACHE': 'where files of the Hugging Face Hub are kept, as in Python',
  'HF_ENDPOINT, HF_TOKEN': 'the Hub and the token for it, as in Python',
  HF_HUB_OFFLINE: '1 asks the Hub nothing, as in Python',
  ALLOWED_ROOTS: 'of serve: folders as --model-root names them, separated like PATH',
  AUTH: 'of serve: auto, required (API keys always) or off (everybody may do everything)',
  LOG_LEVEL: 'of serve: fatal, error, warn, info, debug, trace or silent',
  'LAYERSENSE_DEBUG=1': 'the same as --debug',
};
