import { basename, join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { LayersenseClient } from '@layersense/client';
import { ScoreReport } from '@layersense/contracts';
import { formatDuration } from '@layersense/report-formats';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import type { CliConfig } from '../config.js';
import { demoFiles, demoFolder } from '../demo/demo-files.js';
import { type DemoScores, demoReport } from '../demo/demo-report.js';
import { makeTemporaryFolder } from '../demo/temporary-folder.js';
import { whereToLook } from '../demo/where-to-look.js';
import { interruptible, untilAborted } from '../interrupt.js';
import { createProgressBar } from '../progress-bar.js';
import { portOption } from '../service-options.js';
import type { Service } from '../start-service.js';

/** `layersense demo`: the whole service, from start to scores to nothing left behind. */
export const demo: DescribeCommand = (context) =>
  new Command('demo')
    .description(
      'Start the whole service in a temporary folder, score the small model of this repository on two datasets over HTTP, and print what the scores say. It needs no network and leaves nothing behind.',
    )
    .option('--keep', 'leave the service running at the end, until SIGINT')
    .addOption(portOption('port of the API').default(0, '0, a free one'))
    .addHelpText(
      'after',
      examples({
        line: 'layersense demo --keep',
        what: 'and look around in the API afterwards',
      }),
    )
    .action(async ({ keep = false, port }) => {
      demoFiles();
      const config = context.config();
      context.exitCode = await interruptible((signal) => runDemo({ keep, port, config }, signal));
    });

interface DemoSettings {
  readonly keep: boolean;
  readonly port: number;
  readonly config: CliConfig;
}

async function runDemo({ keep, port, config }: DemoSettings, signal: AbortSignal): Promise<number> {
  const { destination, pino } = await import('pino');
  const { startService } = await import('../start-service.js');
  const folder = await makeTemporaryFolder();
  let service: Service | undefined;
  try {
    const log = join(folder.path, 'service.log');
    say(`Starting PostgreSQL, worker and API in ${folder.path} …`);
    const logger = pino({ level: 'info' }, destination({ dest: log, sync: true }));
    service = await startService(serviceOptions(folder.path, port, config), logger);
    say(`The API answers at ${service.url}.\n`);
    const scores = await computeScores(service.url, signal);
    say(demoReport(scores));
    say(whereToLook({ scores, url: keep ? service.url : undefined, log }));
    if (keep) await untilAborted(signal);
    return 0;
  } finally {
    await service?.stop();
    await folder.remove();
  }
}

/** Its own PostgreSQL whatever DATABASE_URL says: a demo must not write to a real store. */
function serviceOptions(dataFolder: string, port: number, { environment }: CliConfig) {
  const { DATABASE_URL: _database, QUEUE_URL: _queue, ...others } = environment;
  return { dataFolder, host: '127.0.0.1', port, roots: [demoFolder], environment: others };
}

async function computeScores(url: string, signal: AbortSignal): Promise<DemoScores> {
  const client = new LayersenseClient({ url, signal });
  const files = demoFiles();
  const compute = async (dataset?: string) => {
    const label = dataset ? `fisher on ${basename(dataset)}` : 'magnitude';
    const progress = createProgressBar(process.stderr, label);
    const started = performance.now();
    try {
      const answer = await client.compute(
        dataset
          ? { model: files.model, method: 'fisher', dataset, params: { examples: 64 } }
          : { model: files.model, method: 'magnitude' },
        { pollSeconds: 0.15, onProgress: (update) => progress.update(update) },
      );
      const report = ScoreReport.parse(answer);
      progress.close();
      const seconds = formatDuration((performance.now() - started) / 1000);
      const examples = report.run.dataset ? `${report.run.dataset.indices.length} examples, ` : '';
      say(`  ${label.padEnd(30)} ${examples}${report.scores.length} scores, ${seconds}`);
      return report;
    } finally {
      progress.close();
    }
  };
  const scores = {
    arithmetic: await compute(files.arithmetic),
    encyclopedia: await compute(files.encyclopedia),
    magnitude: await compute(),
  };
  say('');
  return scores;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
