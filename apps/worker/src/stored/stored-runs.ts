import type { Database } from '@layersense/database';
import { basisDifference, basisOfRun, mayStandFor } from '@layersense/runs';
import type { EarlierRuns, StoredRun } from '@layersense/scoring';

/** Runs in the database: the same one, or one over fewer of the examples. */
export function storedRuns({ runs }: Database): EarlierRuns {
  return {
    findEqual: async ({ identity, ...like }) => {
      const run = await runs.findByIdentity(identity, (candidate) => mayStandFor(candidate, like));
      return run && runs.report(run.id);
    },
    find: ({ model, basis, dataset }) =>
      runs.findSubset(
        { model, method: basis.method, exampleHashes: dataset.example_hashes },
        (run) => basisDifference(basisOfRun(run), basis) === undefined,
      ),
    marginals: async ({ id }) => await (await runs.marginals(id)).all(),
  };
}

/** The run of an id, for a job that takes numbers of it. @throws LayersenseError `not_found` */
export async function storedRun({ runs }: Database, id: string): Promise<StoredRun> {
  const report = await runs.report(id);
  const marginals = await runs.marginals(id);
  return { ...report, marginals: (parameter) => marginals.of(parameter) };
}
