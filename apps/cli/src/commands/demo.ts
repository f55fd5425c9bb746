import { basename, join } from 'node:path';
import { LayersenseClient } from '@layersense/client';
import { ScoreReport } from '@layersense/contracts';
import { formatDuration } from '@layersense/report-formats';
import { destination, pino } from 'pino';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { demoFiles, demoFolder } from '../demo/demo-files.js';
import { type DemoScores, demoReport } from '../demo/demo-report.js';
import { makeTemporaryFolder } from '../demo/temporary-folder.js';
import { whereToLook } from '../demo/where-to-look.js';
import { interruptible, untilAborted } from '../interrupt.js';
import { checkedPort } from '../port.js';
import { createProgressBar } from '../progress-bar.js';
import { type Service, startService } from '../start-service.js';
import { demoSyntax } from './demo-syntax.js';

/** `layersense demo`: the whole service, from start to scores to nothing left behind. */
export async function demo(args: readonly string[], config: CliConfig): Promise<number> {
  const { flags } = parseArguments(demoSyntax, args);
  const port = checkedPort(flags.port ?? 0);
  demoFiles();
  return await interruptible(async (signal) => {
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
      say(whereToLook({ scores, url: flags.keep ? service.url : undefined, log }));
      if (flags.keep) await untilAborted(signal);
      return 0;
    } finally {
      await service?.stop();
      await folder.remove();
    }
  });
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
