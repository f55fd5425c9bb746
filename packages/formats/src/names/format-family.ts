import type { NumericFormat } from '../numeric-format.js';

/** Names of one form, and the format that each of them stands for. */
export interface NamePattern {
  /** Choices stand in braces, and what may be left out in brackets: `int{4,8}_g{32,64}[_asym]`. */
  readonly pattern: string;
  /** What the choices of each pair of braces are, for whoever writes another: `bits`, `group size`. */
  readonly slots: readonly string[];
  /** @param choices what each pair of braces and brackets has, which is '' where brackets are left out */
  format(name: string, choices: readonly string[]): NumericFormat;
}

/** Formats with one definition in common. A new family is one entry of `families`. */
export interface FormatFamily {
  readonly name: string;
  /** What its formats are and whose, for a list of families. */
  readonly title: string;
  readonly patterns: readonly NamePattern[];
}
