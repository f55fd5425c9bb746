import { realpath } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { LayersenseError, redactSecrets } from '@layersense/contracts';
import { pino } from 'pino';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { interruptible, untilAborted } from '../interrupt.js';
import { checkedPort } from '../port.js';
import { startService } from '../start-service.js';
import { serveSyntax } from './serve-syntax.js';

/** `layersense serve`: runs until SIGINT or SIGTERM. */
export async function serve(args: readonly string[], config: CliConfig): Promise<number> {
  const { flags } = parseArguments(serveSyntax, args);
  const dataFolder = resolve(flags['data-folder'] ?? '.layersense');
  const port = checkedPort(flags.port ?? 8080);
  const named = await Promise.all(flags['model-root'].map(existingFolder));
  const roots = [...config.allowedRoots, ...named];
  const logger = pino({ level: config.logLevel, hooks: { streamWrite: redactSecrets } });

  const host = flags.host ?? '127.0.0.1';
  const { environment } = config;

  return await interruptible(async (signal) => {
    const service = await startService({ dataFolder, host, port, roots, environment }, logger);
    try {
      const data = service.embedded ? dataFolder : undefined;
      if (!signal.aborted) process.stderr.write(welcome(service.url, data, roots));
      await untilAborted(signal);
      process.stderr.write('Stopping …\n');
    } finally {
      await service.stop();
    }
    process.stderr.write('Stopped.\n');
    return 0;
  });
}

async function existingFolder(folder: string): Promise<string> {
  return await realpath(folder).catch(() => {
    throw new LayersenseError(
      'path_not_allowed',
      `--model-root ${folder}: there is no such folder.`,
    );
  });
}

function welcome(url: string, dataFolder: string | undefined, roots: readonly string[]): string {
  const facts = [
    ['API', url],
    ['documentation', `${url}/docs`],
    ['data', dataFolder ?? 'the database of DATABASE_URL'],
    ['local files', roots.join(delimiter) || 'none (--model-root DIR allows a folder)'],
  ] as const;
  const body = JSON.stringify({ model: 'Qwen/Qwen2.5-0.5B', dataset: 'gsm8k', method: 'fisher' });
  return `layersense is running; Ctrl-C stops it.

${facts.map(([name, value]) => `  ${name.padEnd(14)} ${value}\n`).join('')}
  curl -s ${url}/jobs -H 'content-type: application/json' -d '${body}'

`;
}
