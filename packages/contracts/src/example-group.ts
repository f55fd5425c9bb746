/** Into how many groups the examples of a run are divided. */
export const EXAMPLE_GROUPS = 8;

/**
 * The group of an example, from 0, by the hash of the row of the dataset that it comes from (hex, as in
 * `RunDataset.example_hashes`): equal rows are in one group, wherever they stand and in whichever run, so
 * that leaving a group out leaves nothing of it in another.
 */
export function exampleGroup(rowHash: string): number {
  return Number.parseInt(rowHash.slice(-1), 16) % EXAMPLE_GROUPS;
}
