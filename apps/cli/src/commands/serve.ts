import { realpath } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { LayersenseError, redactSecrets } from '@layersense/contracts';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { repeated } from '../command-line/values.js';
import type { CliConfig } from '../config.js';
import { interruptible, untilAborted } from '../interrupt.js';
import { dataFolderOption, portOption } from '../service-options.js';

const network = 'Network:';

/** `layersense serve`: runs until SIGINT or SIGTERM. */
export const serve: DescribeCommand = (context) =>
  new Command('serve')
    .description(
      'Run the service: the HTTP API, one worker and a bundled PostgreSQL, in one process with nothing to install. SIGINT or SIGTERM stops all of it; a job in hand goes back to the queue.',
    )
    .addOption(portOption('port of the API; 0 takes a free one').default(8080).helpGroup(network))
    .addOption(
      new Option(
        '--host <HOST>',
        'address the API listens on; beyond this machine it needs an API key first (layersense keys create)',
      )
        .default('127.0.0.1')
        .helpGroup(network),
    )
    .addOption(
      dataFolderOption(
        'where the bundled PostgreSQL keeps its data; not used when DATABASE_URL is set',
      ),
    )
    .addOption(
      new Option(
        '--model-root <DIR>',
        'folder whose models and datasets requests may name by path; without one, only the Hub. May be repeated',
      )
        .argParser(repeated)
        .helpGroup('Storage:'),
    )
    .addHelpText(
      'after',
      examples(
        {
          line: 'layersense serve --model-root ./demo',
          what: 'requests may name models and datasets below ./demo',
        },
        {
          line: 'DATABASE_URL=postgres://… QUEUE_URL=redis://… layersense serve --port 9000',
          what: 'your own PostgreSQL and Redis',
        },
      ),
    )
    .action(async (options) => {
      const { modelRoot = [], dataFolder, ...address } = options;
      const config = context.config();
      const named = await Promise.all(modelRoot.map(existingFolder));
      const roots = [...config.allowedRoots, ...named];
      const settings = { ...address, dataFolder: resolve(dataFolder), roots };
      context.exitCode = await runService(settings, config);
    });

interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly dataFolder: string;
  readonly roots: readonly string[];
}

async function runService(settings: ServeSettings, config: CliConfig): Promise<number> {
  const { pino } = await import('pino');
  const { startService } = await import('../start-service.js');
  const logger = pino({ level: config.logLevel, hooks: { streamWrite: redactSecrets } });
  const { environment } = config;
  return await interruptible(async (signal) => {
    const service = await startService({ ...settings, environment }, logger);
    try {
      const data = service.embedded ? settings.dataFolder : undefined;
      if (!signal.aborted) process.stderr.write(welcome(service.url, data, settings.roots));
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
