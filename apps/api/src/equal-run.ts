import type { DatasetSpec, JobSpec, Run } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { isModelPath } from '@layersense/model-source/paths';
import { engine } from '@layersense/runs';
import { methodVersions } from '@layersense/sensitivity';

/**
 * The id of a stored run that is certain to be what the request asks for, without a look at the
 * model. That takes a request whose every input is named by a commit: what `main` or a folder holds
 * today is known to the worker alone, which looks for an equal run before it computes.
 */
export async function findEqualRun(
  { runs }: Database,
  spec: JobSpec,
  force: boolean,
): Promise<string | undefined> {
  if (force || !isPinned(spec)) return undefined;
  const run = await runs.findBySpec(spec);
  return run !== undefined && isOf(spec, run) ? run.id : undefined;
}

const isCommit = (revision: string | undefined): boolean => /^[0-9a-f]{40}$/.test(revision ?? '');

function isPinned(spec: JobSpec): boolean {
  if (isModelPath(spec.model) || !isCommit(spec.revision)) return false;
  return spec.method === 'magnitude' || isCommit(spec.dataset.revision);
}

/** Computed from these commits, by the code that would compute it now. */
function isOf(spec: JobSpec, run: Run): boolean {
  const dataset: DatasetSpec | undefined = spec.method === 'fisher' ? spec.dataset : undefined;
  return (
    run.model.name === spec.model &&
    run.model.revision === spec.revision &&
    run.dataset?.name === dataset?.name &&
    (run.dataset?.revision ?? undefined) === dataset?.revision &&
    run.method_version === methodVersions[spec.method] &&
    run.engine.version === engine.version
  );
}
