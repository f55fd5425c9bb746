/** A fault that tests must notice. */
export interface Mutation {
  /** What is wrong then. */
  readonly fault: string;
  /** The module that has it, below the repository's root. */
  readonly file: string;
  /** The module's source with the fault. Throws where the module no longer has what is replaced. */
  readonly mutate: (source: string) => string;
  /**
   * Names of the tests that must fail, by their file; each stands for all tests whose
   * names, those of their suites before them, contain it.
   */
  readonly mustFail: Readonly<Record<string, readonly string[]>>;
}

/** @throws Error where the module no longer has what the fault replaces */
export function replaced(source: string, part: string, by: string): string {
  if (!source.includes(part)) throw new Error(`no longer there: ${part}`);
  return source.replace(part, by);
}
