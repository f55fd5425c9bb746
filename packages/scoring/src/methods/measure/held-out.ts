import { LayersenseError, type MeasureParams, type RunDataset } from '@layersense/contracts';
import type { JobServices } from '../../job-services.js';

/**
 * How many of the examples are those of the calibration run that the job names, in a sentence for the
 * record. An example is the same where its tokens are, as they were cut off and masked.
 *
 * @throws LayersenseError `not_found` for an unknown run, `runs_incompatible` for one that does not say
 *   what its examples are, `runs_overlap` where examples must be held out and are not
 */
export async function heldOutNotes(
  { calibration_run: id, held_out: heldOut = 'recorded' }: MeasureParams,
  { example_hashes: hashes }: RunDataset,
  { findRun }: Pick<JobServices, 'findRun'>,
): Promise<readonly string[]> {
  if (id === undefined) return [];
  const run = await findRun?.(id);
  if (!run) {
    throw new LayersenseError('not_found', `There is no run ${id} to hold examples out from.`, {
      id,
    });
  }
  const known = new Set(run.dataset?.example_hashes ?? []);
  if (known.size === 0) {
    throw new LayersenseError(
      'runs_incompatible',
      `Run ${id} does not say what its examples are, so none can be told to be held out. Name a run that was computed on a dataset.`,
      { id },
    );
  }
  const shared = hashes.filter((hash) => known.has(hash)).length;
  if (shared > 0 && heldOut === 'required') {
    throw new LayersenseError(
      'runs_overlap',
      `${shared} of the ${hashes.length} examples are among those of the calibration run ${id}, and held-out ones are required. Take another split or seed, or skip_examples.`,
      { run: id, examples: shared },
    );
  }
  return [
    `${shared} of the ${hashes.length} examples are among those of the calibration run ${id}`,
  ];
}
