import {
  isPart,
  type JobSpec,
  type ScoreReport,
  type SettledFisherJobSpec,
} from '@layersense/contracts';
import { summarizeFisher } from '@layersense/runs';
import { jointFacts } from './compute-facts.js';
import { ExampleRounds } from './examples/example-rounds.js';
import type { JobServices } from './job-services.js';
import { computeFisher } from './methods/fisher/compute-fisher.js';
import { findEqualRun, prepareFisher } from './methods/fisher/fisher-work.js';
import { settleLoss } from './methods/fisher/settle-loss.js';
import { scoreMagnitude } from './methods/magnitude/score-magnitude.js';
import { openJob } from './model/open-job.js';
import type { OpenedJob } from './model/opened-job.js';
import { type Computation, runReport } from './run-report.js';

/**
 * One job, from the model's name to its scores. Nothing is stored on the way but every finished
 * batch; saving the report is the caller's. What shards of it have stored is not computed again. A
 * stored run with the same numbers is the answer as it stands, under its id.
 *
 * @throws LayersenseError; `canceled` when `signal` aborts
 */
export async function runSensitivityJob(
  spec: JobSpec,
  services: JobServices,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const started = performance.now();
  const job = await openJob(spec, services, signal);
  const settled = spec.method === 'fisher' ? settleLoss(spec, job) : spec;
  const computation =
    settled.method === 'fisher'
      ? await scoreFisher(settled, job)
      : await scoreMagnitude(settled, job);
  if ('run' in computation) return computation;
  await job.progress.begin('saving');
  const seconds = (performance.now() - started) / 1000;
  const longest = Math.max(0, ...(services.shards ?? []).map((shard) => shard.seconds));
  const dequantized = job.dequantized.size;
  return runReport(settled, job.model, { ...computation, dequantized }, longest + seconds);
}

async function scoreFisher(
  spec: SettledFisherJobSpec,
  job: OpenedJob,
): Promise<Omit<Computation, 'dequantized'> | ScoreReport> {
  const work = await prepareFisher(spec, job);
  const equal = await findEqualRun(work);
  if (equal) return equal;
  const { accumulator, calibration, scored, set, taken } = work;
  const layers = [...scored.keys()].filter((name) => !isPart(name)).length;
  const rounds = new ExampleRounds(set.examples.length, spec.params, accumulator, layers);
  const facts = await computeFisher(work, rounds);
  return {
    ...summarizeFisher(accumulator.first(rounds.examples), {
      shapeOf: (name) => scored.get(name)?.shape ?? [],
      bootstrap: rounds.bootstrap,
    }),
    dataset: calibration.provenance(rounds.examples),
    stopping: rounds.stopping,
    derivedFrom: taken.derivedFrom,
    facts: jointFacts(
      [...(job.services.shards ?? []), { facts }].flatMap((each) => each.facts ?? []),
    ),
  };
}
