import { targetCount } from '@layersense/calibration';
import { EXAMPLE_GROUPS, exampleGroup, type RunMarginals } from '@layersense/contracts';
import { withFewerGroups } from '@layersense/runs';
import type { FisherWork } from './fisher-work.js';

/** What the marginals of a run may take where they are stored, as float32. */
const MOST_BYTES = 2 ** 28;

/** The marginals of a run, in as many groups of examples as there is space for, and what is to be said of that. */
export function runMarginals(
  { marginals, set, intended, scored }: FisherWork,
  mostBytes = MOST_BYTES,
): { readonly marginals?: RunMarginals; readonly notes: readonly string[] } {
  if (!marginals) return { notes: [] };
  const { sums } = marginals.sums;
  const groupOf = intended.dataset.example_hashes.map(exampleGroup);
  const groups = Array.from({ length: EXAMPLE_GROUPS }, (_, group) => {
    const members = set.examples.filter((_, position) => groupOf[position] === group);
    const targets = members.reduce((sum, example) => sum + targetCount(example), 0);
    return { examples: members.length, targets };
  });
  const inOrder = [...scored.keys()].flatMap((name) => {
    const found = sums.get(name);
    return found ? [[name, found] as const] : [];
  });
  const all = { groups, matrices: new Map(inOrder) };
  const values = inOrder.reduce(
    (sum, [, { byOutput, byInput }]) => sum + byOutput.length + byInput.length,
    0,
  );
  let count = EXAMPLE_GROUPS;
  while (count > 1 && (4 * values * count) / EXAMPLE_GROUPS > mostBytes) count /= 2;
  if (count === EXAMPLE_GROUPS) return { marginals: all, notes: [] };
  const space = `${Math.ceil((4 * values) / 2 ** 20)} MiB`;
  return {
    marginals: withFewerGroups(all, count),
    notes: [
      `its marginals are of ${count} groups of examples, for ${EXAMPLE_GROUPS} would take ${space}: damage that is told from them has no interval`,
    ],
  };
}
