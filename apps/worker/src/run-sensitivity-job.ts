import type { FisherJobSpec, JobSpec, ScoreReport } from '@layersense/contracts';
import { openCheckpoint, resolveModel } from '@layersense/model-source';
import { listParameters, parseModel } from '@layersense/models';
import { startComputeProcess } from '@layersense/runtime';
import { FisherAccumulator, moments, summarizeFisher } from '@layersense/sensitivity';
import { describeModel } from './describe-model.js';
import type { JobServices } from './job-services.js';
import type { OpenedJob } from './opened-job.js';
import { pendingBatches, tokensOf } from './pending-batches.js';
import { WholePlan } from './plans/whole-plan.js';
import { prepareCalibration } from './prepare-calibration.js';
import { ProgressReporter } from './progress-reporter.js';
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
  const checkpoint = await openCheckpoint(source.folder);
  const model = await describeModel(source, checkpoint, signal);
  const job = { model, checkpoint, progress, services, signal };
  const computation =
    spec.method === 'fisher' ? await scoreFisher(spec, job) : await scoreMagnitude(job);
  await progress.begin('saving');
  return runReport(spec, model, computation, (performance.now() - started) / 1000);
}

async function scoreFisher(spec: FisherJobSpec, job: OpenedJob): Promise<Computation> {
  const { model, checkpoint, progress, services, signal } = job;
  const architecture = parseModel(checkpoint.config);
  const shapes = listParameters(architecture, checkpoint.tensors);
  await progress.begin('tokenizing');
  const { set, provenance } = await prepareCalibration(
    spec,
    checkpoint,
    architecture,
    services,
    signal,
  );
  const key = { identity: runIdentity(spec, model, provenance), parameters: [...shapes.keys()] };
  const accumulator = new FisherAccumulator(provenance.indices);
  for (const batch of await services.checkpoint.load(key)) accumulator.add(batch);

  await progress.begin('building');
  const compute = await startComputeProcess({ signal });
  try {
    const plan = new WholePlan(compute, {
      model: architecture,
      checkpoint,
      params: spec.params,
      device: spec.device,
      threads: services.threads,
      datasetRows: provenance.indices,
    });
    const total = set.examples.length;
    await progress.begin('computing', { done: accumulator.done, total });
    const pending = pendingBatches(set, accumulator, spec.params, architecture);
    for await (const statistics of plan.run(pending)) {
      accumulator.add(statistics);
      await services.checkpoint.append(key, statistics);
      const share = tokensOf(set, statistics.examples) / set.tokens;
      await progress.advance({ done: accumulator.done, total }, share);
    }
    const { peakRssBytes } = await compute.stats();
    return {
      scores: summarizeFisher(accumulator, (name) => shapes.get(name) ?? []),
      dataset: provenance,
      meanLoss: moments(accumulator.losses).mean,
      device: plan.device,
      onnxRuntime: compute.runtime.onnxRuntime,
      plan: plan.name,
      arithmetic: 'float32',
      peakMemoryBytes: peakRssBytes,
    };
  } finally {
    await compute.close();
  }
}
