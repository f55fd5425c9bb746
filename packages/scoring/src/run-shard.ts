import type { JobSpec, ScoreReport } from '@layersense/contracts';
import type { ShardReport } from './compute-facts.js';
import type { Shard } from './examples/shard-positions.js';
import type { JobServices } from './job-services.js';
import { computationOf } from './methods/index.js';
import { openJob } from './model/open-job.js';

/**
 * One shard of a job: its examples' values go to the job's finished batches, from where its end
 * takes them. A stored run with the numbers that the whole job would have is returned instead.
 *
 * @throws LayersenseError; `canceled` when `signal` aborts
 */
export async function runShard(
  spec: JobSpec,
  shard: Shard,
  services: JobServices,
  signal: AbortSignal,
): Promise<ShardReport | ScoreReport> {
  const started = performance.now();
  const method = computationOf(spec.method);
  if (!method.shard) throw new TypeError(`a ${spec.method} job has no shards`);
  const job = await openJob(spec, services, signal);
  const settled = method.settle?.(spec, job) ?? spec;
  const computed = await method.shard(settled, shard, job);
  if ('run' in computed) return computed;
  const seconds = (performance.now() - started) / 1000;
  return { seconds, ...(computed.facts ? { facts: computed.facts } : {}) };
}
