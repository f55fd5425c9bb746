import { families } from './families.js';
import { expandPattern } from './names/expand-pattern.js';
import type { FormatFamily } from './names/format-family.js';
import type { NumericFormat } from './numeric-format.js';

/** The formats that a family's names stand for. */
export function familyFormats({ patterns }: FormatFamily): NumericFormat[] {
  return patterns.flatMap(({ pattern, format }) =>
    expandPattern(pattern).map(({ name, choices }) => format(name, choices)),
  );
}

/** Every format by its name, family by family. */
export const formats: ReadonlyMap<string, NumericFormat> = new Map(
  families.flatMap(familyFormats).map((format) => [format.name, format]),
);
