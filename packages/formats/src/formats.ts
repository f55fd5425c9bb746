import { families } from './families.js';
import { expandPattern } from './names/expand-pattern.js';
import type { NumericFormat } from './numeric-format.js';

/** Every format by its name, family by family. */
export const formats: ReadonlyMap<string, NumericFormat> = new Map(
  families.flatMap(({ patterns }) =>
    patterns.flatMap(({ pattern, format }) =>
      expandPattern(pattern).map(({ name, choices }) => [name, format(name, choices)] as const),
    ),
  ),
);
