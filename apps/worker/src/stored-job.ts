import type { Progress } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { databaseCheckpoint } from './database-checkpoint.js';
import { storedRuns } from './earlier-runs.js';
import type { JobServices } from './job-services.js';
import type { RunJob } from './process-job.js';
import type { ProgressSink } from './progress-reporter.js';
import { runSensitivityJob } from './run-sensitivity-job.js';

/** Least time between two progress rows of one phase. */
const PROGRESS_INTERVAL_MS = 500;

/** Runs jobs whose spec, progress, checkpoint and scores live in the database. */
export function runStoredJobs(
  database: Database,
  services: Pick<JobServices, 'allowedRoots' | 'hub' | 'threads'>,
): RunJob {
  return async (jobId, { signal }) => {
    const report = throttled((progress) => database.jobs.reportProgress(jobId, progress));
    const checkpoint = databaseCheckpoint(database, jobId);
    const spec = await database.jobs.spec(jobId);
    const earlier = storedRuns(database);
    const scores = await runSensitivityJob(
      spec,
      { ...services, report, checkpoint, earlier },
      signal,
    );
    await database.runs.save(scores, { jobId });
  };
}

/** Passes on the first progress of every phase, and later ones at most twice a second. */
function throttled(write: (progress: Progress) => Promise<unknown>): ProgressSink {
  let last = { phase: '', at: 0 };
  return async (progress) => {
    const now = Date.now();
    const finished = progress.done === progress.total;
    if (progress.phase === last.phase && !finished && now - last.at < PROGRESS_INTERVAL_MS) return;
    last = { phase: progress.phase, at: now };
    await write(progress);
  };
}
