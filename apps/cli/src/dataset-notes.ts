import type { RunDataset } from '@layersense/contracts';

/** So many keys fit on a line. */
const SHOWN_KEYS = 10;

/** What of its dataset a run has left out, a line each. */
export function datasetNotes(
  dataset: Pick<RunDataset, 'skipped' | 'unread_keys'> | null,
): readonly string[] {
  const { skipped = 0, unread_keys: keys = [] } = dataset ?? {};
  const shown = keys.slice(0, SHOWN_KEYS).map((key) => JSON.stringify(key));
  const more = keys.length - shown.length;
  return [
    ...(skipped > 0
      ? [
          `note: ${skipped} of the rows drawn ${skipped === 1 ? 'was' : 'were'} left out, because nothing of ${skipped === 1 ? 'it' : 'them'} can be predicted.`,
        ]
      : []),
    ...(shown.length > 0
      ? [
          `note: not read of the dataset's rows: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
        ]
      : []),
  ];
}
