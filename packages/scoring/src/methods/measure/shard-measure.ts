import type { MeasureJobSpec, ScoreReport } from '@layersense/contracts';
import type { ComputeFacts } from '../../compute-facts.js';
import type { Shard } from '../../examples/shard-positions.js';
import type { OpenedJob } from '../../model/opened-job.js';
import { computeMeasure } from './compute-measure.js';
import { prepareMeasure } from './measure-work.js';
import { findEqualRun } from './score-measure.js';

/**
 * Measures all variants on a shard's examples, whose values depend on nothing else. A stored run with
 * the numbers that the whole job would have is returned instead.
 */
export async function shardMeasure(
  spec: MeasureJobSpec,
  shard: Shard,
  job: OpenedJob,
): Promise<{ readonly facts: ComputeFacts | undefined } | ScoreReport> {
  const work = await prepareMeasure(spec, job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  return { facts: await computeMeasure(work, shard) };
}
