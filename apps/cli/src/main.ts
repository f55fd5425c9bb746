import { readFileSync } from 'node:fs';
import { demoSyntax } from './commands/demo-syntax.js';
import { createKeySyntax, listKeysSyntax, revokeKeySyntax } from './commands/keys-syntax.js';
import { mergeSyntax } from './commands/merge-syntax.js';
import { migrateSyntax } from './commands/migrate-syntax.js';
import { serveSyntax } from './commands/serve-syntax.js';
import { loadCliConfig } from './config.js';
import { commandHelp } from './help.js';
import { programHelp } from './program-help.js';
import { reportError } from './report-error.js';
import { scoreSyntax } from './request/request-flags.js';
import { UsageError } from './usage-error.js';

/**
 * The modules behind a command are loaded when it runs: they bring ONNX Runtime and PostgreSQL's
 * driver, which nobody who asks for help should wait for.
 */
const commands = {
  score: { syntax: scoreSyntax, load: async () => (await import('./commands/score.js')).score },
  merge: { syntax: mergeSyntax, load: async () => (await import('./commands/merge.js')).merge },
  serve: { syntax: serveSyntax, load: async () => (await import('./commands/serve.js')).serve },
  migrate: {
    syntax: migrateSyntax,
    load: async () => (await import('./commands/migrate.js')).migrate,
  },
  'keys create': { syntax: createKeySyntax, load: async () => (await keys()).createKey },
  'keys list': { syntax: listKeysSyntax, load: async () => (await keys()).listKeys },
  'keys revoke': { syntax: revokeKeySyntax, load: async () => (await keys()).revokeKey },
  demo: { syntax: demoSyntax, load: async () => (await import('./commands/demo.js')).demo },
};

const keys = () => import('./commands/keys.js');

async function main(args: readonly string[]): Promise<number> {
  const { name, rest } = splitCommand(args);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(programHelp(Object.values(commands).map(({ syntax }) => syntax)));
    return 0;
  }
  if (name === '--version') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (!isCommand(name)) {
    const known = Object.keys(commands).join(', ');
    throw new UsageError(`There is no command '${name}'. The commands are ${known}.`);
  }
  const { syntax, load } = commands[name];
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(commandHelp(syntax));
    return 0;
  }
  const run = await load();
  return await run(rest, loadCliConfig());
}

/** The command's name, of one word or two, and what follows it. */
function splitCommand(args: readonly string[]): { name: string | undefined; rest: string[] } {
  const group = Object.keys(commands).some((command) => command.startsWith(`${args[0]} `));
  const words = group && args[1] !== undefined && !args[1].startsWith('-') ? 2 : 1;
  const name = args.length === 0 ? undefined : args.slice(0, words).join(' ');
  return { name, rest: args.slice(words) };
}

const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name);

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

// `layersense score … | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const args = process.argv.slice(2);
const { name = '' } = splitCommand(args);
try {
  process.exitCode = await main(args);
} catch (error) {
  const command = isCommand(name) ? name : undefined;
  process.exitCode = reportError(error, { command, debug: args.includes('--debug') });
}
