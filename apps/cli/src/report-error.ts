import { ServiceError } from '@layersense/client';
import { LayersenseError, printable } from '@layersense/contracts';
import { isDebugEnvironment } from './config.js';
import { UsageError } from './usage-error.js';

interface Situation {
  /** Whose help is recommended, as it is typed: `layersense score`. */
  readonly command: string;
  readonly debug: boolean;
}

/** Says on standard error what went wrong; answers the exit code. */
export function reportError(error: unknown, { command, debug }: Situation): 1 | 2 {
  const stack = debug || isDebugEnvironment();
  if (error instanceof UsageError) {
    write(`error: ${error.message}`, `See '${command} --help'.`);
    return 2;
  }
  const message = error instanceof Error ? error.message : String(error);
  const coded = error instanceof LayersenseError || error instanceof ServiceError;
  const code = coded ? error.code : 'internal';
  write(`error: ${printable(message)}`, `code: ${code}`);
  if (stack) process.stderr.write(`${describe(error)}\n`);
  else if (code === 'internal') write('Run it again with --debug to see where this came from.');
  return 1;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${describe(error.cause)}`;
}

function write(...lines: string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}
