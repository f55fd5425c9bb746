import { parse } from 'node:path';
import type { JobSpec, ScoreReport } from '@layersense/contracts';
import { type JobServices, noCheckpoint, runSensitivityJob } from '@layersense/worker';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { chooseFormat, formatScores } from '../formats/score-format.js';
import { interruptible } from '../interrupt.js';
import { assertWritable, writeAtomically } from '../output-file.js';
import { createProgressBar } from '../progress-bar.js';
import { UsageError } from '../usage-error.js';
import { scoreRequest } from './score-request.js';
import { scoreSyntax } from './score-syntax.js';

/** `layersense score`: the worker's computation without queue and database. */
export async function score(args: readonly string[], config: CliConfig): Promise<number> {
  const { operands, flags } = parseArguments(scoreSyntax, args);
  const [model = ''] = operands;
  const spec = scoreRequest(model, flags);
  const format = chooseFormat(flags);
  const { top = 20, threads, out } = flags;
  if (flags['per-example'] && format !== 'json') {
    throw new UsageError('--per-example needs --json: a table has no place for every example.');
  }
  if (top < 1) throw new UsageError('--top must be at least 1.');
  if (threads !== undefined && threads < 1) throw new UsageError('--threads must be at least 1.');
  if (out) await assertWritable(out);

  return await interruptible(async (signal) => {
    const report = await compute(spec, { hub: config.hub, threads }, signal);
    const text = formatScores(report, format, { perExample: flags['per-example'], top });
    if (out) {
      await writeAtomically(out, text);
      process.stderr.write(`Wrote ${report.scores.length} scores to ${out}.\n`);
    } else process.stdout.write(text);
    return 0;
  });
}

async function compute(
  spec: JobSpec,
  services: Pick<JobServices, 'hub' | 'threads'>,
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
