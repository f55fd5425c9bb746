import { type FisherJobSpec, isPart, type JobSpec, type ScoreReport } from '@layersense/contracts';
import { resolveModel } from '@layersense/model-source';
import { listParameters } from '@layersense/models';
import { FisherAccumulator, meanOverDraws, summarizeFisher } from '@layersense/sensitivity';
import { describeModel } from './describe-model.js';
import { takeOver } from './earlier-runs.js';
import { ExampleRounds } from './example-rounds.js';
import type { JobServices } from './job-services.js';
import { openModel } from './open-model.js';
import type { OpenedJob } from './opened-job.js';
import { pendingBatches, tokensOf } from './pending-batches.js';
import { startPlan } from './plans/start-plan.js';
import { prepareCalibration } from './prepare-calibration.js';
import { ProgressReporter } from './progress-reporter.js';
import { basisOfJob } from './run-basis.js';
import { runIdentity } from './run-identity.js';
import { type Computation, runReport } from './run-report.js';
import { scoreMagnitude } from './score-magnitude.js';

/**
 * One job, from the model's name to its scores. Nothing is stored on the way but every finished
 * batch; saving the report is the caller's.
 *
 * @throws LayersenseError; `canceled` when `signal` aborts
 */
export async function runSensitivityJob(
  spec: JobSpec,
  services: JobServices,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const started = performance.now();
  const progress = new ProgressReporter(services.report);
  await progress.begin('resolving');
  const source = await resolveModel(spec.model, {
    roots: services.allowedRoots,
    hub: services.hub,
    revision: spec.revision,
    signal,
  });
  await progress.begin('loading');
  const { checkpoint, dequantized, architecture } = await openModel(source);
  const model = await describeModel(source, checkpoint, dequantized, signal);
  const job = { model, checkpoint, dequantized, architecture, progress, services, signal };
  const computation =
    spec.method === 'fisher' ? await scoreFisher(spec, job) : await scoreMagnitude(job);
  await progress.begin('saving');
  const seconds = (performance.now() - started) / 1000;
  return runReport(spec, model, { ...computation, dequantized: dequantized.size }, seconds);
}

async function scoreFisher(
  spec: FisherJobSpec,
  job: OpenedJob,
): Promise<Omit<Computation, 'dequantized'>> {
  const { model, checkpoint, progress, services, signal } = job;
  const architecture = job.architecture();
  const scored = listParameters(architecture, checkpoint.tensors);
  await progress.begin('tokenizing');
  const calibration = await prepareCalibration(spec, checkpoint, architecture, services, signal);
  const { set } = calibration;
  const wanted = { model, basis: basisOfJob(spec, model), dataset: calibration.provenance() };
  const accumulator = new FisherAccumulator(wanted.dataset.indices);
  const parameters = [...scored.keys()];
  const layers = parameters.filter((name) => !isPart(name)).length;
  const rounds = new ExampleRounds(set.examples.length, spec.params, accumulator, layers);
  const key = {
    identity: runIdentity(wanted.basis, wanted.dataset),
    parameters,
    routed: parameters.filter((name) => scored.get(name)?.routed),
  };
  const taken = await takeOver(services.earlier, wanted, key);
  const finished = await services.checkpoint.load(key);
  for (const batch of [...taken.batches, ...finished]) accumulator.add(batch);

  await progress.begin('building');
  const count = () => ({ done: accumulator.done, total: set.examples.length });
  let roundShare = 1;
  const plan = await startPlan(
    {
      set,
      model: architecture,
      checkpoint,
      params: spec.params,
      device: spec.device,
      threads: services.threads,
      datasetRows: wanted.dataset.indices,
      onWork: (share) => progress.advance(count(), share * roundShare),
      onResumed: (share) => progress.skip(share * roundShare),
      identity: key.identity,
      spillFolder: services.spillFolder,
    },
    signal,
  );
  try {
    await progress.begin('computing', count());
    for (const round of rounds) {
      const missing = round.filter((position) => !taken.examples.has(position));
      roundShare = tokensOf(set, missing) / set.tokens;
      const { tokenBudget } = plan.choice;
      const sizes = { params: spec.params, tokenBudget };
      const pending = pendingBatches(set, missing, accumulator, sizes);
      for await (const statistics of meanOverDraws(plan.run(pending), spec.params.draws ?? 1)) {
        accumulator.add(statistics);
        await services.checkpoint.append(key, statistics);
        const tokens = tokensOf(set, statistics.examples);
        services.onBatch?.({ examples: statistics.examples.length, tokens });
        // A streamed plan has told of its work already.
        await progress.advance(count(), plan.choice.name === 'streamed' ? 0 : tokens / set.tokens);
      }
    }
    return {
      ...summarizeFisher(accumulator.first(rounds.examples), {
        shapeOf: (name) => scored.get(name)?.shape ?? [],
        bootstrap: rounds.bootstrap,
      }),
      dataset: calibration.provenance(rounds.examples),
      stopping: rounds.stopping,
      derivedFrom: taken.derivedFrom,
      device: plan.device,
      onnxRuntime: plan.onnxRuntime,
      plan: plan.choice,
      arithmetic: plan.arithmetic,
      peakMemoryBytes: await plan.peakMemoryBytes(),
    };
  } finally {
    await plan.close();
  }
}
