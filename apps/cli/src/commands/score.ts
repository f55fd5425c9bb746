import { parse } from 'node:path';
import type { JobSpec, ScoreReport } from '@layersense/contracts';
import { givenRun, type JobServices, noCheckpoint, runSensitivityJob } from '@layersense/scoring';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { interruptible } from '../interrupt.js';
import { createProgressBar } from '../progress-bar.js';
import { readReport } from '../read-report.js';
import { scoreRequest } from '../request/read-request.js';
import { scoreSyntax } from '../request/request-flags.js';
import { checkedOutput } from '../score-output.js';
import { UsageError } from '../usage-error.js';

/** `layersense score`: the worker's computation without queue and database. */
export async function score(args: readonly string[], config: CliConfig): Promise<number> {
  const { operands, flags } = parseArguments(scoreSyntax, args);
  const [model = ''] = operands;
  const spec = scoreRequest(model, flags);
  const { threads, extend } = flags;
  if (threads !== undefined && threads < 1) throw new UsageError('--threads must be at least 1.');
  const output = await checkedOutput(flags);
  const earlier = extend === undefined ? undefined : givenRun(await readReport(extend));

  return await interruptible(async (signal) => {
    await output.write(await compute(spec, { hub: config.hub, threads, earlier }, signal));
    return 0;
  });
}

async function compute(
  spec: JobSpec,
  services: Pick<JobServices, 'hub' | 'threads' | 'earlier'>,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const progress = createProgressBar(process.stderr);
  try {
    return await runSensitivityJob(
      spec,
      {
        ...services,
        // The user's own program reads what the user may read.
        allowedRoots: [parse(process.cwd()).root],
        report: (update) => progress.update(update),
        checkpoint: noCheckpoint,
      },
      signal,
    );
  } finally {
    progress.close();
  }
}
