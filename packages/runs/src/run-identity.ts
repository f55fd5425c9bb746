import { createHash } from 'node:crypto';
import { canonicalJson, type RunDataset } from '@layersense/contracts';
import type { RunBasis } from './run-basis.js';

/**
 * sha256 of everything that determines a run's numbers and of nothing else: equal identities mean
 * equal scores. Batch size, device and paths are not in it, because they change no number beyond
 * float32 rounding; the token stream stands for dataset, split, sampling and truncation.
 */
export function runIdentity(basis: RunBasis, dataset: RunDataset | undefined): string {
  const drawn = basis.labels === 'model';
  return hashOf({
    ...basis,
    ...(dataset ? { tokens: dataset.fingerprint } : {}),
    ...(drawn ? { rows: dataset?.indices } : {}),
  });
}

/** The identity of a merge, which has no token stream but the hash of every example, in any order. */
export function mergedIdentity(basis: RunBasis, { example_hashes, indices }: RunDataset): string {
  const drawn = basis.labels === 'model';
  const examples = example_hashes.map((hash, i) => (drawn ? `${hash} ${indices[i]}` : hash));
  return hashOf({ ...basis, examples: examples.sort() });
}

function hashOf(determining: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(canonicalJson(determining)).digest('hex');
}
