import {
  type FisherParams,
  isPart,
  type RunDataset,
  type ScoreReport,
  type SettledFisherJobSpec,
} from '@layersense/contracts';
import type { ParsedModel } from '@layersense/models';
import { summarizeFisher } from '@layersense/runs';
import { jointFacts } from '../../compute-facts.js';
import { ExampleRounds } from '../../examples/example-rounds.js';
import type { OpenedJob } from '../../model/opened-job.js';
import { unscoredTensors } from '../../model/unscored-tensors.js';
import type { Scored } from '../method-computation.js';
import { computeFisher } from './compute-fisher.js';
import { findEqualRun, prepareFisher } from './fisher-work.js';
import { runMarginals } from './run-marginals.js';

/**
 * Scores the model over the job's examples, as far as no stored run, no finished batch and no shard has
 * their values. A stored run with the same numbers is the answer as it stands.
 */
export async function scoreFisher(
  spec: SettledFisherJobSpec,
  job: OpenedJob,
): Promise<Scored | ScoreReport> {
  const work = await prepareFisher(spec, job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  const { accumulator, calibration, scored, set, reused } = work;
  const layers = [...scored.keys()].filter((name) => !isPart(name)).length;
  const rounds = new ExampleRounds(set.examples.length, spec.params, accumulator, layers);
  const facts = await computeFisher(work, rounds);
  const dataset = calibration.provenance(rounds.examples);
  const { marginals, notes } = runMarginals(work);
  return {
    ...summarizeFisher(accumulator.first(rounds.examples), {
      shapeOf: (name) => scored.get(name)?.shape ?? [],
      bootstrap: rounds.bootstrap,
    }),
    dataset,
    leftOut: [...unscoredTensors(job.checkpoint, scored.keys()), ...job.copies],
    notes: [...cutNotes(dataset, spec.params, job.architecture()), ...notes],
    stopping: rounds.stopping,
    derivedFrom: reused.derivedFrom,
    marginals,
    facts: jointFacts(
      [...(job.services.shards ?? []), { facts }].flatMap((each) => each.facts ?? []),
    ),
  };
}

/** A table of positions may end before max_length, which the run's params show as it was asked for. */
function cutNotes(
  { truncated }: RunDataset,
  { max_length: asked }: FisherParams,
  { maxPositions }: ParsedModel,
): readonly string[] {
  if (!truncated || maxPositions >= asked) return [];
  return [
    `examples were cut off at ${maxPositions} tokens, the positions that the model has, and not at ${asked}`,
  ];
}
