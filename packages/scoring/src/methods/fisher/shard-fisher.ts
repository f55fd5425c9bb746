import type { ScoreReport, SettledFisherJobSpec } from '@layersense/contracts';
import type { ComputeFacts } from '../../compute-facts.js';
import type { Shard } from '../../examples/shard-positions.js';
import type { OpenedJob } from '../../model/opened-job.js';
import { computeFisher } from './compute-fisher.js';
import { findEqualRun, prepareFisher } from './fisher-work.js';

/**
 * Computes the values of a shard's examples. Those of an example depend on that example alone, so
 * nothing else is to be reduced. A stored run with the numbers that the whole job would have is
 * returned instead.
 */
export async function shardFisher(
  spec: SettledFisherJobSpec,
  shard: Shard,
  job: OpenedJob,
): Promise<{ readonly facts: ComputeFacts | undefined } | ScoreReport> {
  const work = await prepareFisher(spec, job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  const everyExample = work.set.examples.map((_, i) => i);
  return { facts: await computeFisher(work, [everyExample], shard) };
}
