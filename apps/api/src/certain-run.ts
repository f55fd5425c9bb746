import type { JobSpec } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { isModelPath } from '@layersense/model-source/paths';
import { isCertainlyOf, isPinned } from '@layersense/runs';

/**
 * The id of a stored run that is certain to be what the request asks for, without a look at the
 * model. That takes a request whose every input is named by a commit: what `main` or a folder holds
 * today is known to the worker alone, which looks for an equal run before it computes.
 */
export async function findCertainRun(
  { runs }: Database,
  spec: JobSpec,
  force: boolean,
): Promise<string | undefined> {
  if (force || isModelPath(spec.model) || !isPinned(spec)) return undefined;
  const run = await runs.findBySpec(spec);
  return run !== undefined && isCertainlyOf(run, spec) ? run.id : undefined;
}
