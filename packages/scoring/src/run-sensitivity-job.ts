import type { ComputedReport, JobSpec } from '@layersense/contracts';
import type { JobServices } from './job-services.js';
import { computationOf } from './methods/index.js';
import { openJob } from './model/open-job.js';
import { findEqualWithoutExamples } from './reuse/earlier-runs.js';
import { runReport } from './run-report.js';

/**
 * One job, from the model's name to its scores: each step is one line here and one file elsewhere.
 * Nothing is stored on the way but every finished batch; saving the report is the caller's. What
 * shards of it have stored is not computed again. A stored run with the same numbers is the answer as
 * it stands, under its id.
 *
 * @throws LayersenseError; `canceled` when `signal` aborts
 */
export async function runSensitivityJob(
  spec: JobSpec,
  services: JobServices,
  signal: AbortSignal,
): Promise<ComputedReport> {
  const started = performance.now();
  const method = computationOf(spec.method);
  const job = await openJob(spec, services, signal);
  const settled = method.settle?.(spec, job) ?? spec;
  const equal = await findEqualWithoutExamples(settled, job.model, services.earlier);
  const scored = equal ?? (await method.score(settled, job));
  if ('run' in scored) return scored;
  await job.progress.begin('saving');
  const dequantized = job.dequantized.size;
  const seconds = secondsOfShards(services) + (performance.now() - started) / 1000;
  const notes = [...job.notes, ...(scored.notes ?? [])];
  return runReport(settled, job.model, { ...scored, dequantized, notes }, seconds);
}

/** Shards are computed side by side, so the longest of them counts. */
function secondsOfShards({ shards = [] }: JobServices): number {
  return Math.max(0, ...shards.map(({ seconds }) => seconds));
}
