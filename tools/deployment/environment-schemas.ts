import { ApiEnvironment } from '../../apps/api/src/config.js';
import { WorkerEnvironment } from '../../apps/worker/src/config.js';

/** Read by packages/model-source and by Node.js, beside the schema of the worker. */
const HUB = ['HF_TOKEN', 'HF_HOME', 'HF_HUB_CACHE', 'HF_ENDPOINT', 'HF_HUB_OFFLINE'];

/** What each command of the images reads; a value it would refuse throws. */
const commands = {
  'apps/api/dist/server.js': {
    known: Object.keys(ApiEnvironment.shape),
    parse: (environment: Environment) => ApiEnvironment.parse(environment),
  },
  'apps/worker/dist/main.js': {
    known: [...Object.keys(WorkerEnvironment.shape), ...HUB],
    parse: (environment: Environment) => WorkerEnvironment.parse(environment),
  },
  layersense: {
    known: ['DATABASE_URL'],
    parse: (environment: Environment) =>
      ApiEnvironment.pick({ DATABASE_URL: true }).parse(environment),
  },
};

export type Environment = Readonly<Record<string, string>>;
export type Command = keyof typeof commands;

export function commandOf(words: readonly string[]): Command {
  const found = words.find((word): word is Command => Object.hasOwn(commands, word));
  if (!found) throw new Error(`no command of the images: ${words.join(' ')}`);
  return found;
}

/** What a process would say about its environment: unknown variables, then refused values. */
export function environmentProblems(command: Command, environment: Environment): string[] {
  const { known, parse } = commands[command];
  const unknown = Object.keys(environment).filter((name) => !known.includes(name));
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  try {
    parse(Object.fromEntries(set));
    return unknown.map((name) => `${command} reads no ${name}`);
  } catch (error) {
    return [`${command}: ${error instanceof Error ? error.message : error}`];
  }
}
