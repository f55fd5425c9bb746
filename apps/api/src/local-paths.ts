import { type JobSpec, LayersenseError } from '@layersense/contracts';
import { isBelowByName, isDatasetPath, isModelPath } from '@layersense/model-source/paths';

/**
 * Refuses a path outside the roots before a job exists for it. By name only: the files may lie on
 * the worker's machine alone, and the worker checks again after resolving links.
 *
 * @throws LayersenseError `path_not_allowed`
 */
export function assertPathsAllowed(spec: JobSpec, roots: readonly string[]): void {
  if (isModelPath(spec.model)) assertBelow(spec.model, roots);
  const dataset = spec.dataset?.name;
  if (dataset !== undefined && isDatasetPath(dataset)) assertBelow(dataset, roots);
}

function assertBelow(path: string, roots: readonly string[]): void {
  if (isBelowByName(path, roots)) return;
  const hint =
    roots.length > 0
      ? 'Move it below one of the folders in ALLOWED_ROOTS, or add its folder there.'
      : 'No local path is allowed until ALLOWED_ROOTS names a folder.';
  throw new LayersenseError('path_not_allowed', `${path} is outside the allowed roots. ${hint}`);
}
