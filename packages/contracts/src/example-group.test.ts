import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { EXAMPLE_GROUPS, exampleGroup } from './example-group.js';

it('divides rows into groups of like size, equal rows into one', () => {
  const hashes = Array.from({ length: 800 }, (_, i) =>
    createHash('sha256').update(`row ${i}`).digest('hex').slice(0, 32),
  );
  const sizes = Array.from(
    { length: EXAMPLE_GROUPS },
    (_, group) => hashes.filter((hash) => exampleGroup(hash) === group).length,
  );
  expect(sizes.reduce((a, b) => a + b)).toBe(800);
  for (const size of sizes) expect(Math.abs(size - 100)).toBeLessThan(40);
  expect(exampleGroup('3b5d5c3712955042212316173ccf37be')).toBe(6);
});
