/** A name that a pattern has, and its choices in their order. */
export interface ExpandedName {
  readonly name: string;
  readonly choices: readonly string[];
}

/** All names of a pattern: a{1,2}[_b] has a1, a1_b, a2 and a2_b. */
export function expandPattern(pattern: string): ExpandedName[] {
  let names: ExpandedName[] = [{ name: '', choices: [] }];
  for (const part of partsOf(pattern)) {
    names = names.flatMap(({ name, choices }) =>
      typeof part === 'string'
        ? { name: name + part, choices }
        : part.map((choice) => ({ name: name + choice, choices: [...choices, choice] })),
    );
  }
  return names;
}

/** What the pattern has in its braces, one list for each pair. */
export function choicesOf(pattern: string): string[][] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map(([, choices = '']) => choices.split(','));
}

/** Matches names of the pattern's form with any number, or word, where it has choices. */
export function loosePattern(pattern: string): RegExp {
  const source = partsOf(pattern).map((part) => {
    if (typeof part === 'string') return part;
    const [first = '', second] = part;
    if (first === '') return `(?:${second})?`;
    return /^\d/.test(first) ? '(\\d+)' : '([a-z0-9]+)';
  });
  return new RegExp(`^${source.join('')}$`);
}

function partsOf(pattern: string): (string | string[])[] {
  return pattern
    .split(/(\{[^}]*\}|\[[^\]]*\])/)
    .map((part) =>
      part.startsWith('{')
        ? part.slice(1, -1).split(',')
        : part.startsWith('[')
          ? ['', part.slice(1, -1)]
          : part,
    );
}
