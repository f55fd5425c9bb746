import type { JobSpec } from '@layersense/contracts';
import { resolveModel } from '@layersense/model-source';
import type { JobServices } from '../job-services.js';
import { ProgressReporter } from '../progress-reporter.js';
import { describeModel } from './describe-model.js';
import { openModel } from './open-model.js';
import type { OpenedJob } from './opened-job.js';

/**
 * Brings a job's model to this machine and opens it.
 *
 * @throws LayersenseError those of `resolveModel` and `openModel`; `canceled`
 */
export async function openJob(
  spec: JobSpec,
  services: JobServices,
  signal: AbortSignal,
): Promise<OpenedJob> {
  const progress = new ProgressReporter(services.report);
  await progress.begin('resolving');
  const source = await resolveModel(spec.model, {
    roots: services.allowedRoots,
    hub: services.hub,
    revision: spec.revision,
    signal,
  });
  await progress.begin('loading');
  const opened = await openModel(source);
  const model = await describeModel(source, opened.checkpoint, opened.dequantized, signal);
  return { ...opened, model, progress, services, signal };
}
