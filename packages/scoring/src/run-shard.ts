import type { FisherJobSpec, ScoreReport } from '@layersense/contracts';
import type { ShardReport } from './compute-facts.js';
import type { Shard } from './examples/shard-positions.js';
import type { JobServices } from './job-services.js';
import { computeFisher } from './methods/fisher/compute-fisher.js';
import { findEqualRun, prepareFisher } from './methods/fisher/fisher-work.js';
import { settleLoss } from './methods/fisher/settle-loss.js';
import { openJob } from './model/open-job.js';

/**
 * One shard of a job: its examples' values go to the job's checkpoint, from where the job's end
 * takes them. Values of an example depend on that example alone, so nothing else is to be reduced. A
 * stored run with the numbers that the whole job would have is returned instead.
 *
 * @throws LayersenseError; `canceled` when `signal` aborts
 */
export async function runShard(
  spec: FisherJobSpec,
  shard: Shard,
  services: JobServices,
  signal: AbortSignal,
): Promise<ShardReport | ScoreReport> {
  const started = performance.now();
  const job = await openJob(spec, services, signal);
  const work = await prepareFisher(settleLoss(spec, job), job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  const facts = await computeFisher(work, [work.set.examples.map((_, i) => i)], shard);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, ...(facts ? { facts } : {}) };
}
