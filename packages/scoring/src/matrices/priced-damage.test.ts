import { damageWithError, groupedDamage, jointDamage } from '@layersense/runs';
import { GroupProducts } from '@layersense/sensitivity';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';

const GROUPS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const [OUTPUTS, INPUTS] = [5, 7];
const tokens = [11, 7, 13, 5, 17, 3, 19, 2];

/** Numbers in (0, 1) that differ and repeat from run to run. */
function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const x = Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453;
    return x - Math.floor(x);
  });
}

interface Case {
  readonly byOutput: readonly Float64Array[];
  readonly byInput: readonly Float64Array[];
  readonly values: Float32Array;
  readonly rounded: Float32Array;
}

/** Marginals with equal sums over either axis, as those of gradients have, and a rounded matrix. */
function randomCase(seed: number, groups: readonly number[] = GROUPS): Case {
  const byOutput = groups.map((g) => numbers(OUTPUTS, seed + 10 * g));
  const byInput = groups.map((g) => {
    const free = numbers(INPUTS, seed + 10 * g + 5);
    return free.map((value) => (value * sum(byOutput[g] ?? [])) / sum(free));
  });
  const values = Float32Array.from(numbers(OUTPUTS * INPUTS, seed + 1));
  return { byOutput, byInput, values, rounded: values.map((value) => Math.round(value * 4) / 4) };
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const totals = (lists: readonly Float64Array[]) => Float64Array.from(lists, sum);

function added(lists: readonly Float64Array[]): Float64Array {
  const [first = new Float64Array()] = lists;
  return first.map((_, i) => sum(lists.map((list) => list[i] ?? Number.NaN)));
}

function productsOf(
  { byOutput, byInput, values, rounded }: Case,
  bandRows = OUTPUTS,
): Float64Array {
  const joined = (lists: readonly Float64Array[]) =>
    Float64Array.from(lists.flatMap((list) => [...list]));
  const marginals = { byOutput: joined(byOutput), byInput: joined(byInput) };
  const products = new GroupProducts(marginals, byOutput.length);
  for (let at = 0; at < OUTPUTS; at += bandRows) {
    const rows = Math.min(bandRows, OUTPUTS - at);
    const band = (all: Float32Array) => all.subarray(at * INPUTS, (at + rows) * INPUTS);
    products.add({ values: band(values), rows, columns: INPUTS }, band(rounded), at);
  }
  return products.products;
}

/** ½ Σ_ab r_a c_b ΔW_ab² / Σ r / T, written out, with the marginals of some groups alone. */
function bruteForce({ byOutput, byInput, values, rounded }: Case, kept: readonly number[]): number {
  const of = (lists: readonly Float64Array[]) => added(lists.filter((_, g) => kept.includes(g)));
  const [r, c] = [of(byOutput), of(byInput)];
  let total = 0;
  for (let a = 0; a < OUTPUTS; a++) {
    for (let b = 0; b < INPUTS; b++) {
      const i = a * INPUTS + b;
      total += (r[a] ?? 0) * (c[b] ?? 0) * ((rounded[i] ?? 0) - (values[i] ?? 0)) ** 2;
    }
  }
  return total / 2 / sum(r) / sum(kept.map((g) => tokens[g] ?? 0));
}

const damageOf = (each: Case) =>
  groupedDamage({ products: productsOf(each), sums: totals(each.byOutput) }, tokens);

describe('products of groups of marginals', () => {
  it.each([1, 2, 3])('are r_gᵀ (ΔW ∘ ΔW) c_h of every pair, whatever the bands (%i)', (seed) => {
    const each = randomCase(seed);
    const { byOutput, byInput, values, rounded } = each;
    const expected = GROUPS.flatMap((g) =>
      GROUPS.map((h) =>
        sum(
          Array.from(values, (value, i) => {
            const weight =
              (byOutput[g]?.[Math.floor(i / INPUTS)] ?? 0) * (byInput[h]?.[i % INPUTS] ?? 0);
            return weight * ((rounded[i] ?? 0) - value) ** 2;
          }),
        ),
      ),
    );
    const products = productsOf(each);
    expect(products).toHaveLength(64);
    const inBands = productsOf(each, 2);
    for (const [pair, value] of nonEmpty(expected.entries())) {
      expect(products[pair]).toBeCloseTo(value, 12);
      expect(inBands[pair]).toBeCloseTo(value, 12);
    }
  });

  it('of fewer groups add up to those of all examples in one', () => {
    const three = randomCase(4, [0, 1, 2]);
    const one = { ...three, byOutput: [added(three.byOutput)], byInput: [added(three.byInput)] };
    expect(productsOf(three)).toHaveLength(9);
    expect(sum(productsOf(three))).toBeCloseTo(productsOf(one)[0] ?? 0, 12);
  });

  it('are of eight groups at most', () => {
    const sums = new Float64Array(18);
    expect(() => new GroupProducts({ byOutput: sums, byInput: sums }, 9)).toThrow(RangeError);
  });
});

describe('priced damage', () => {
  it.each([1, 2, 3])(
    'is that of the summed marginals, over all groups and all but one (%i)',
    (seed) => {
      const each = randomCase(seed);
      const { all, without } = damageOf(each);
      expect(all).toBeCloseTo(bruteForce(each, GROUPS), 14);
      expect(without).toHaveLength(8);
      without.forEach((value, left) => {
        const kept = GROUPS.filter((g) => g !== left);
        expect(value).toBeCloseTo(bruteForce(each, kept), 14);
      });
    },
  );

  it('is exact where each squared gradient has rank one: ½ Σ F ΔW² / T', () => {
    const [u, v] = [numbers(OUTPUTS, 6), numbers(INPUTS, 7)];
    const { values, rounded } = randomCase(8);
    const fisher = Array.from(
      values,
      (_, i) => ((u[Math.floor(i / INPUTS)] ?? 0) * (v[i % INPUTS] ?? 0)) ** 2,
    );
    const byOutput = [u.map((value) => value ** 2 * sum(v.map((x) => x ** 2)))];
    const byInput = [v.map((value) => value ** 2 * sum(u.map((x) => x ** 2)))];
    const products = productsOf({ byOutput, byInput, values, rounded });
    const expected =
      sum(fisher.map((f, i) => f * ((rounded[i] ?? 0) - (values[i] ?? 0)) ** 2)) / 2 / 29;
    expect(groupedDamage({ products, sums: totals(byOutput) }, [29]).all).toBeCloseTo(expected, 14);
  });

  it('adds up over matrices, and its error is that of the sum', () => {
    const cases = [1, 2, 3].map((seed) => randomCase(seed));
    const total = damageWithError(jointDamage(cases.map(damageOf), 8), tokens);
    expect(total.predictedKl).toBeCloseTo(sum(cases.map((each) => bruteForce(each, GROUPS))), 14);
    const leftOut = GROUPS.map((g) =>
      sum(
        cases.map((each) =>
          bruteForce(
            each,
            GROUPS.filter((h) => h !== g),
          ),
        ),
      ),
    );
    const mean = sum(leftOut) / 8;
    const expected = Math.sqrt((7 / 8) * sum(leftOut.map((value) => (value - mean) ** 2)));
    expect(expected).toBeGreaterThan(0);
    expect(total.standardError).toBeCloseTo(expected, 14);
    const [low = 0, high = 0] = total.confidenceInterval ?? [];
    // The 97.5 % quantile of Student's t with 7 degrees of freedom.
    expect((high - low) / 2 / expected).toBeCloseTo(2.364624, 5);
  });

  it('has no error below eight groups with examples', () => {
    const each = randomCase(1);
    const fewer = tokens.with(3, 0);
    const damage = groupedDamage(
      { products: productsOf(each), sums: totals(each.byOutput) },
      fewer,
    );
    expect(damageWithError(damage, fewer)).toMatchObject({
      standardError: null,
      confidenceInterval: null,
    });
    expect(damageWithError(damage, tokens).standardError).toBeGreaterThan(0);
  });

  it('is zero where no example has a gradient, as of an expert that saw none', () => {
    const nothing = { products: new Float64Array(64), sums: new Float64Array(8) };
    expect(groupedDamage(nothing, tokens)).toEqual({ all: 0, without: GROUPS.map(() => 0) });
  });
});
