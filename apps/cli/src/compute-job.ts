import { parse } from 'node:path';
import type { JobSpec, ScoreReport } from '@layersense/contracts';
import type { JobServices } from '@layersense/scoring';

/** The worker's computation without queue and database, with its progress on standard error. */
export async function computeJob(
  spec: JobSpec,
  services: Pick<JobServices, 'hub' | 'threads' | 'earlier' | 'findRun'>,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const { noFinishedBatches, runSensitivityJob } = await import('@layersense/scoring');
  const { keptFolder } = await import('@layersense/model-source');
  const { createProgressBar } = await import('./progress-bar.js');
  const progress = createProgressBar(process.stderr);
  try {
    return await runSensitivityJob(
      spec,
      {
        ...services,
        // The user's own program reads what the user may read.
        allowedRoots: [parse(process.cwd()).root],
        report: (update) => progress.update(update),
        finishedBatches: noFinishedBatches,
        keptFolder: keptFolder(services.hub),
      },
      signal,
    );
  } finally {
    progress.close();
  }
}
