import { type MeasureJobSpec, methodOf, type ScoreReport } from '@layersense/contracts';
import { jointFacts } from '../../compute-facts.js';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Scored } from '../method-computation.js';
import { computeMeasure } from './compute-measure.js';
import { type MeasureWork, prepareMeasure } from './measure-work.js';
import { summarizeMeasure } from './summarize-measure.js';

/**
 * Measures what the job's variants do to predictions, as far as no finished batch and no shard says it.
 * A stored run with the same numbers is the answer as it stands.
 */
export async function scoreMeasure(
  spec: MeasureJobSpec,
  job: OpenedJob,
): Promise<Scored | ScoreReport> {
  const work = await prepareMeasure(spec, job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  const facts = await computeMeasure(work);
  const { measured, damage, dataset, leftOut, notes } = work;
  const metrics = methodOf(spec.method).metrics(spec);
  const { value, perExample } = damage.crossEntropy;
  return {
    scores: summarizeMeasure(measured, damage, { metrics, parameters: job.model.parameters }),
    meanLoss: value,
    exampleLosses: perExample,
    dataset,
    leftOut,
    notes,
    facts: jointFacts(
      [...(job.services.shards ?? []), { facts }].flatMap((each) => each.facts ?? []),
    ),
  };
}

/** The stored run that the job would end with, where there is one. */
export async function findEqualRun({
  job,
  identity,
  spec,
}: MeasureWork): Promise<ScoreReport | undefined> {
  return await job.services.earlier?.findEqual({ identity, spec, model: job.model });
}
