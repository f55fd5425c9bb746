import { expect, it } from 'vitest';
import { exampleHash, fingerprint } from './fingerprint.js';

const of = (...examples: number[][]): string =>
  fingerprint(examples.map((ids) => ({ inputIds: Int32Array.from(ids) })));

it('is the sha256 of lengths and ids as little-endian uint32', () => {
  // Python: hashlib.sha256(struct.pack("<6I", 3, 1, 2, 70000, 1, 2147483647)).hexdigest()
  expect(of([1, 2, 70000], [2147483647])).toBe(
    '4c788ce753f5f5ee5c16ba8ed89d3b792e930859a0311ccebbbcd741c826dd3e',
  );
});

it('of one example alone is its hash', () => {
  const inputIds = Int32Array.of(1, 2, 70000);
  const hash = exampleHash({ inputIds });
  expect(hash).toBe(fingerprint([{ inputIds }]).slice(0, 32));
  expect(exampleHash({ inputIds: inputIds.subarray(0, 2) })).not.toBe(hash);
});

it('has the targets of an example behind its ids, as little-endian int32', () => {
  // Python: hashlib.sha256(struct.pack("<I3iI3i", 3, 4, 5, 6, 3, -100, 6, -100)).hexdigest()
  const example = { inputIds: Int32Array.of(4, 5, 6), targets: Int32Array.of(-100, 6, -100) };
  expect(fingerprint([example])).toBe(
    '2745642058a082fdbc87179994d9df8cc7ad0dc98ba0429f338772b1472c3c3a',
  );
});

it('tells targets and segments apart', () => {
  const inputIds = Int32Array.of(4, 5, 6);
  const hashes = [
    exampleHash({ inputIds }),
    exampleHash({ inputIds, targets: Int32Array.of(0) }),
    exampleHash({ inputIds, targets: Int32Array.of(1) }),
    exampleHash({ inputIds, targets: Int32Array.of(-100, 7, -100) }),
    exampleHash({ inputIds, targets: Int32Array.of(-100, -100, 7) }),
    exampleHash({ inputIds, targets: Int32Array.of(1), segments: Int32Array.of(0, 0, 1) }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

it('tells division and order of the examples apart', () => {
  const variants = [of([1, 2, 3]), of([1, 2], [3]), of([1], [2, 3]), of([3], [1, 2]), of()];
  expect(new Set(variants).size).toBe(variants.length);
});
