import type { Progress } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { databaseCheckpoint } from './database-checkpoint.js';
import { storedRuns } from './earlier-runs.js';
import type { JobServices } from './job-services.js';
import type { RunJob } from './process-job.js';
import type { ProgressSink } from './progress-reporter.js';
import { runSensitivityJob } from './run-sensitivity-job.js';
import type { SpillFolders } from './spill-folders.js';
import { JobPhases } from './telemetry/job-phases.js';
import { WorkerMetrics } from './telemetry/worker-metrics.js';

/** Least time between two progress rows of one phase. */
const PROGRESS_INTERVAL_MS = 500;

/** Runs jobs whose spec, progress, checkpoint and scores live in the database. */
export function runStoredJobs(
  database: Database,
  services: Pick<JobServices, 'allowedRoots' | 'hub' | 'threads'>,
  spill: SpillFolders,
  metrics = new WorkerMetrics(),
): RunJob {
  const earlier = storedRuns(database);
  const onBatch = ({ examples, tokens }: { examples: number; tokens: number }) => {
    metrics.examples.inc(examples);
    metrics.tokens.inc(tokens);
  };
  return async (jobId, { job, signal }) => {
    const phases = new JobPhases(metrics, job.request.method);
    const store = throttled((progress) => database.jobs.reportProgress(jobId, progress));
    const report: ProgressSink = (progress) => {
      phases.enter(progress.phase);
      return store(progress);
    };
    const checkpoint = databaseCheckpoint(database, jobId);
    try {
      const spec = await database.jobs.spec(jobId);
      const spillFolder = () => spill.claim(jobId);
      const own = { report, checkpoint, earlier, onBatch, spillFolder };
      const scores = await phases.during(() =>
        runSensitivityJob(spec, { ...services, ...own }, signal),
      );
      metrics.peakMemory.set(scores.run.peak_memory_bytes ?? Number.NaN);
      await database.runs.save(scores, { jobId });
    } finally {
      phases.end();
    }
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
