import { type JobSpec, methodOf, type Run } from '@layersense/contracts';
import { engine } from './engine.js';

/** What a run is about, by the names under which the store is asked for it. */
type Subject = Pick<Run, 'model' | 'dataset'>;

/**
 * Whether two runs of equal identities are about the same thing. An identity is about the numbers
 * alone, and the store is asked by names, so those must agree as well.
 */
export function isOfSameSubject(
  run: Subject,
  {
    model,
    dataset,
  }: { model: Pick<Run['model'], 'name' | 'revision'>; dataset: string | undefined },
): boolean {
  return (
    run.model.name === model.name &&
    run.model.revision === model.revision &&
    run.dataset?.name === dataset
  );
}

/**
 * Whether a run of the identity that the job would have may stand for the job. The bootstrap has a
 * seed of its own; an adaptive run may have looked at another top k; and who asks for a device by
 * name wants it used.
 */
export function mayStandFor(
  run: Run,
  { spec, model }: { readonly spec: JobSpec; readonly model: Run['model'] },
): boolean {
  if (!isOfSameSubject(run, { model, dataset: spec.dataset?.name })) return false;
  if (!methodOf(spec.method).overExamples) return true;
  // How far an adaptive job goes shows only while it is computed.
  if (spec.params.until || run.stopping !== null) return false;
  const device = spec.device === 'auto' || spec.device === run.device;
  return device && run.params.seed === spec.params.seed;
}

/**
 * Whether the run of an equal spec is certain to have the job's numbers, without a look at the model:
 * every input is named by its commit, and the code that computed it would compute it now.
 */
export function isCertainlyOf(run: Run, spec: JobSpec): boolean {
  const { dataset, model: name, revision = '' } = spec;
  return (
    isPinned(spec) &&
    isOfSameSubject(run, { model: { name, revision }, dataset: dataset?.name }) &&
    (run.dataset?.revision ?? undefined) === dataset?.revision &&
    run.method_version === methodOf(spec.method).version &&
    run.engine.version === engine.version
  );
}

/** Whether every input of the job is named by a commit. */
export function isPinned({ revision, dataset }: JobSpec): boolean {
  return isCommit(revision) && (dataset === undefined || isCommit(dataset.revision));
}

const isCommit = (revision: string | undefined): boolean => /^[0-9a-f]{40}$/.test(revision ?? '');
