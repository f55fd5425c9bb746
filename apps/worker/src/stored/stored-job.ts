import { LayersenseError, type Progress, type ScoreReport } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { CacheHold } from '@layersense/model-source';
import type { SensitivityJobPayload } from '@layersense/queue';
import type { JobServices, PlanChange, ProgressSink, SpillFolders } from '@layersense/scoring';
import { runSensitivityJob, runShard, ShardReport } from '@layersense/scoring';
import { z } from 'zod';
import type { RunJob } from '../delivery/process-job.js';
import { JobPhases } from '../telemetry/job-phases.js';
import { WorkerMetrics } from '../telemetry/worker-metrics.js';
import { databaseCheckpoint } from './database-checkpoint.js';
import { storedRuns } from './stored-runs.js';

/** Least time between two progress rows of one phase. */
const PROGRESS_INTERVAL_MS = 500;

type StoredJobServices = Pick<
  JobServices,
  'allowedRoots' | 'hub' | 'threads' | 'stallMs' | 'compute'
>;

/** Runs jobs and shards whose spec, progress, checkpoint and scores live in the database. */
export function runStoredJobs(
  database: Database,
  services: StoredJobServices,
  spill: SpillFolders,
  metrics = new WorkerMetrics(),
): RunJob {
  const onBatch = ({ examples, tokens }: { examples: number; tokens: number }) => {
    metrics.examples.inc(examples);
    metrics.tokens.inc(tokens);
  };
  return async (work, { job, signal, onJobEnded }) => {
    const phases = new JobPhases(metrics, job.request.method);
    const store = throttled((progress) => storeProgress(database, work, progress));
    const report: ProgressSink = (progress) => {
      phases.enter(progress.phase);
      return store(progress);
    };
    const checkpoint = databaseCheckpoint(database, work.jobId);
    // Who forces a job wants every number computed anew.
    const earlier = job.request.force ? undefined : storedRuns(database);
    const onSmallerPlan = (change: PlanChange) =>
      database.jobs.recordSmallerPlan(work.jobId, change);
    const spillFolder = () => spill.claim(spillOwner(work));
    const hold = new CacheHold();
    const onLookup = (found: boolean) => metrics.countLookup('model_file', found);
    const hub = { ...services.hub, hold, onLookup };
    const own = { hub, checkpoint, earlier, onBatch, onSmallerPlan, report, spillFolder };
    const all = { ...services, ...own };
    try {
      const peak = await phases.during(() => computeStored(database, work, all, signal));
      const found = peak === 'stored before';
      // Of the lookups of shards, the one that ends the job counts.
      if (earlier && (found || work.shard === undefined)) metrics.countLookup('run', found);
      if (found) onJobEnded?.();
      else metrics.peakMemory.set(peak ?? Number.NaN);
    } finally {
      hold.release();
      phases.end();
    }
  };
}

/** Shards of a job may be computed on one machine at once. */
function spillOwner({ jobId, shard }: SensitivityJobPayload): string {
  return shard === undefined ? jobId : `${jobId}_${shard}`;
}

function storeProgress(
  { jobs }: Database,
  { jobId, shard }: SensitivityJobPayload,
  progress: Progress,
): Promise<unknown> {
  return shard === undefined
    ? jobs.reportProgress(jobId, progress)
    : jobs.shards.reportProgress(jobId, shard, progress);
}

/**
 * Computes a job or a shard and ends it in the database. Returns its peak memory, where known, or that
 * a run that was stored before has ended the job.
 */
async function computeStored(
  database: Database,
  { jobId, shard }: SensitivityJobPayload,
  services: JobServices,
  signal: AbortSignal,
): Promise<number | null | undefined | 'stored before'> {
  const { jobs, runs } = database;
  const spec = await jobs.spec(jobId);
  if (shard === undefined) {
    const shards = z.array(ShardReport).parse(await jobs.shards.facts(jobId));
    const scores = await runSensitivityJob(spec, { ...services, shards }, signal);
    if (await runs.exists(scores.run.id)) return await endWith(scores, jobId, database);
    await runs.save(scores, { jobId });
    return scores.run.peak_memory_bytes;
  }
  const { shards: of } = await jobs.get(jobId);
  const report = await runShard(spec, { index: shard, of }, services, signal);
  if ('run' in report) return await endWith(report, jobId, database);
  await jobs.shards.finish(jobId, shard, report);
  return report.facts?.peak_memory_bytes;
}

/** @throws LayersenseError `canceled` where the job has ended otherwise or is to be canceled */
async function endWith(
  { run }: ScoreReport,
  jobId: string,
  { jobs }: Database,
): Promise<'stored before'> {
  if (await jobs.transitions.succeed(jobId, run.id)) return 'stored before';
  throw new LayersenseError('canceled', 'The job was ended or canceled meanwhile.');
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
