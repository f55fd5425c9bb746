import {
  type Job,
  jobSpecOf,
  LayersenseError,
  type Progress,
  type ScoreReport,
} from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { CacheHold } from '@layersense/model-source';
import type { SensitivityJobPayload } from '@layersense/queue';
import type { JobServices, PlanChange, ProgressSink, SpillFolders } from '@layersense/scoring';
import { runSensitivityJob, runShard, ShardReport } from '@layersense/scoring';
import { z } from 'zod';
import type { RunJob } from '../delivery/process-job.js';
import { JobPhases } from '../telemetry/job-phases.js';
import { WorkerMetrics } from '../telemetry/worker-metrics.js';
import { storedBatches } from './stored-batches.js';
import { storedRun, storedRuns } from './stored-runs.js';

/** Least time between two progress rows of one phase. */
const PROGRESS_INTERVAL_MS = 500;

type StoredJobServices = Pick<
  JobServices,
  'allowedRoots' | 'hub' | 'threads' | 'stallMs' | 'compute' | 'keptFolder'
>;

/** Runs jobs and shards whose spec, progress, finished batches and scores live in the database. */
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
  return async (work, { job, signal }) => {
    const phases = new JobPhases(metrics, job.request.method);
    const store = throttled((progress) => storeProgress(database, work, progress));
    const report: ProgressSink = (progress) => {
      phases.enter(progress.phase);
      return store(progress);
    };
    const finishedBatches = storedBatches(database, work.jobId);
    // Who forces a job wants every number computed anew.
    const earlier = job.request.force ? undefined : storedRuns(database);
    const keptFolder = job.request.force ? undefined : services.keptFolder;
    const onSmallerPlan = (change: PlanChange) =>
      database.jobs.recordSmallerPlan(work.jobId, change);
    const findRun = (id: string) => database.runs.get(id);
    // Taking a folder over renames it, so an attempt does it once.
    let claimed: Promise<string> | undefined;
    const spillFolder = () => {
      claimed ??= spill.claim(spillOwner(work));
      return claimed;
    };
    const hold = new CacheHold();
    const onLookup = (found: boolean) => metrics.countLookup('model_file', found);
    const hub = { ...services.hub, hold, onLookup };
    const own = {
      hub,
      finishedBatches,
      earlier,
      findRun,
      keptFolder,
      storedRun: (id: string) => storedRun(database, id),
      onBatch,
      onSmallerPlan,
      report,
      spillFolder,
    };
    const all = { ...services, ...own };
    try {
      const computed = await phases.during(() =>
        work.shard === undefined
          ? computeJob(database, job, all, signal)
          : computeShard(database, job, work.shard, all, signal),
      );
      const found = computed === 'stored before';
      const ended = found || work.shard === undefined ? 'job' : 'shard';
      // Of the lookups of shards, the one that ends the job counts.
      if (earlier && ended === 'job') metrics.countLookup('run', found);
      if (!found) metrics.peakMemory.set(computed.peakMemoryBytes ?? Number.NaN);
      return ended;
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

/** What an attempt came to, its row written: a computation, or a run that was there and ended the job. */
type Computed = { readonly peakMemoryBytes: number | null | undefined } | 'stored before';

async function computeJob(
  database: Database,
  job: Job,
  services: JobServices,
  signal: AbortSignal,
): Promise<Computed> {
  const { jobs, runs } = database;
  const shards = z.array(ShardReport).parse(await jobs.shards.facts(job.id));
  const scores = await runSensitivityJob(jobSpecOf(job), { ...services, shards }, signal);
  if (await runs.exists(scores.run.id)) return await endWith(scores, job.id, database);
  await runs.save(scores, { jobId: job.id });
  return { peakMemoryBytes: scores.run.peak_memory_bytes };
}

async function computeShard(
  database: Database,
  job: Job,
  index: number,
  services: JobServices,
  signal: AbortSignal,
): Promise<Computed> {
  const shard = { index, of: job.shards };
  const report = await runShard(jobSpecOf(job), shard, services, signal);
  if ('run' in report) return await endWith(report, job.id, database);
  await database.jobs.shards.finish(job.id, index, report);
  return { peakMemoryBytes: report.facts?.peak_memory_bytes };
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
