import {
  type ComputedReport,
  type GroupMarginals,
  LayersenseError,
  type RunMarginals,
} from '@layersense/contracts';

/**
 * The marginals over the examples of all reports, which are disjoint, or undefined where the runs have
 * none. Equal rows are in the same group in every run, so groups add up.
 *
 * @throws LayersenseError `runs_incompatible`
 */
export function mergeMarginals(reports: readonly ComputedReport[]): RunMarginals | undefined {
  if (reports.every(({ run }) => run.marginals === undefined)) return undefined;
  const all = reports.map(({ run, marginals }) => {
    if (marginals) return marginals;
    throw new LayersenseError(
      'runs_incompatible',
      `${run.id} was computed for quantisation, and the marginals that belong to it are not here: a report holds none. Merge the runs in the service that has them: POST /runs/merge.`,
    );
  });
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  return others.reduce(added, first);
}

function added(a: RunMarginals, b: RunMarginals): RunMarginals {
  if (a.groups.length !== b.groups.length) {
    throw new LayersenseError(
      'runs_incompatible',
      `The marginals of the runs are of ${a.groups.length} and of ${b.groups.length} groups of examples, which cannot be added up.`,
    );
  }
  return {
    groups: a.groups.map(({ examples, targets }, g) => ({
      examples: examples + (b.groups[g]?.examples ?? 0),
      targets: targets + (b.groups[g]?.targets ?? 0),
    })),
    matrices: new Map(
      [...a.matrices].map(([name, sums]) => [name, sumOf(sums, b.matrices.get(name))]),
    ),
  };
}

/** A matrix that only one run names makes the sum no number, which cannot be stored. */
function sumOf(a: GroupMarginals, b: GroupMarginals | undefined): GroupMarginals {
  const over = (key: keyof GroupMarginals) =>
    a[key].map((value, i) => value + (b?.[key][i] ?? Number.NaN));
  return { byOutput: over('byOutput'), byInput: over('byInput') };
}
