import type { ScoredWeights } from './scoring-method.js';

/** What a definition says of the weights that a run is of, each clause after a semicolon. */
export function weightsClauses({ leftOut = [], notes = [] }: ScoredWeights): string {
  return `${leftOutClause(leftOut)}${notes.map((note) => `; ${note}`).join('')}`;
}

/** More patterns than any real model has would only make the sentence unreadable. */
const MAX_PATTERNS = 20;

/** The names with `*` for the number of a layer, each pattern with how many tensors it stands for. */
function leftOutClause(names: readonly string[]): string {
  if (names.length === 0) return '';
  const counts = new Map<string, number>();
  for (const name of names) {
    const pattern = name.replaceAll(/(?<=\.)\d+(?=\.)/g, '*');
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  const patterns = [...counts].map(([pattern, count]) =>
    count > 1 ? `${pattern} (${count})` : pattern,
  );
  const rest = patterns.length - MAX_PATTERNS;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `; not scored, being no parameters of their own: ${patterns.slice(0, MAX_PATTERNS).join(', ')}${more}`;
}
