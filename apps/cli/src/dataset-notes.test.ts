import { expect, it } from 'vitest';
import { datasetNotes } from './dataset-notes.js';

it('says which keys were not read and how many rows were left out', () => {
  const told = { skipped: 2, unread_keys: ['id', 'a "b"'] };
  expect(datasetNotes(told)).toEqual([
    'note: 2 of the rows drawn were left out, because nothing of them can be predicted.',
    'note: not read of the dataset\'s rows: "id", "a \\"b\\"".',
  ]);
});

it('shows the first of many keys', () => {
  const told = { unread_keys: Array.from({ length: 12 }, (_, i) => `k${i}`) };
  expect(datasetNotes(told)).toEqual([expect.stringMatching(/"k0", .*"k9" and 2 more\.$/)]);
});

it('says nothing where there is nothing to say', () => {
  expect(datasetNotes({ skipped: 0, unread_keys: [] })).toEqual([]);
  expect(datasetNotes({})).toEqual([]);
  expect(datasetNotes(null)).toEqual([]);
});
