import { describe, expect, it } from 'vitest';
import { vacuousAssertions } from './vacuous-assertions.js';

const problemsOf = (source: string) =>
  vacuousAssertions('planted.test.ts', source).map(({ problem }) => problem);

describe('is refused', () => {
  it.each([
    ['behind if', 'if (a) expect(a).toBe(1);'],
    ['behind else', 'if (!a) throw new Error(); else expect(a).toBe(1);'],
    ['behind a ternary', 'a ? expect(a).toBe(1) : undefined;'],
    ['behind &&', 'a && expect(a).toBe(1);'],
    ['behind ??', 'a ?? expect.soft(a).toBe(1);'],
    ['behind a case', "switch (a) { case 'x': expect(a).toBe(1); }"],
    ['behind catch', 'try { f(); } catch (error) { expect(error).toBe(1); }'],
    ['whose failure is caught', 'try { expect(a).toBe(1); } catch {}'],
    ['behind .catch()', 'await f().catch((error) => expect(error).toBe(1));'],
    ['behind the second function of .then()', 'await f().then(g, (e) => expect(e).toBe(1));'],
    ['behind ?.', 'a?.forEach((x) => expect(x).toBe(1));'],
    ['of a helper behind if', 'if (a) expectSame(a, b);'],
    ['in a test behind if', "if (a) it('is', () => expect(a).toBe(1));"],
  ])('an assertion %s', (_, source) => {
    expect(problemsOf(source)).toContainEqual(expect.stringContaining('behind a condition'));
  });

  it.each([
    ['return', 'function f() { if (!a) return; expect(a).toBe(1); }'],
    ['return in a loop', 'function f() { for (;;) { if (a) return; } expect(a).toBe(1); }'],
    ['continue', 'for (const a of [1, 2]) { if (!a) continue; expect(a).toBe(1); }'],
    ['break', 'for (const a of [1, 2]) { if (!a) break; expect(a).toBe(1); }'],
  ])('an assertion below a %s', (_, source) => {
    expect(problemsOf(source)).toContainEqual(expect.stringContaining('may skip'));
  });

  it.each([
    ['for…of', 'for (const a of f()) expect(a).toBe(1);'],
    [
      'for…of over a parameter',
      'const b = [1]; f((b) => { for (const a of b) expect(a).toBe(1); });',
    ],
    ['for…of over what may change', 'let b = [1]; for (const a of b) expect(a).toBe(1);'],
    ['for…of over a part', 'const b = [1]; for (const a of b.slice(1)) expect(a).toBe(1);'],
    [
      'for…of over what is only asserted afterwards',
      'for (const a of b) expect(a).toBe(1); expect(b.length).toBeGreaterThan(0);',
    ],
    [
      'for…of over what is asserted to be empty',
      'expect(b).toHaveLength(0); for (const a of b) expect(a).toBe(1);',
    ],
    ['for await', 'async function f() { for await (const a of b) expect(a).toBe(1); }'],
    ['for…in', 'for (const a in b) expect(a).toBe(1);'],
    ['a counted for', 'for (let i = 0; i < b.length; i++) expect(b[i]).toBe(1);'],
    ['while', 'while (a) expect(a--).toBe(1);'],
    ['forEach', 'b.forEach((a) => expect(a).toBe(1));'],
    ['map', 'await Promise.all(b.map(async (a) => { expect(await a).toBe(1); }));'],
  ])('an assertion in %s', (_, source) => {
    expect(problemsOf(source)).toContainEqual(expect.stringMatching(/may be empty|no round/));
  });

  it.each([
    ['it.each', "it.each(f())('%s', g);", 'a test of each'],
    ['describe.each', "describe.each(names)('%s', g);", 'a test of each'],
    ['it.runIf().each', "it.runIf(a).each(names)('%s', g);", 'a test of each'],
    ['every', 'expect(b.every((a) => a > 0)).toBe(true);', 'every()'],
    ['Math.max', 'expect(Math.max(...b)).toBeLessThan(1);', 'Math.max'],
    ['Math.min', 'expect(Math.min(...b.map(f))).toBeGreaterThan(1);', 'Math.min'],
    ['Math.max and of a value', 'expect(Math.max(0, ...b)).toBeLessThan(1);', 'Math.max'],
  ])('%s of what may be empty', (_, source, words) => {
    expect(problemsOf(source)).toEqual([expect.stringContaining(words)]);
  });

  it('what is no TypeScript', () => {
    expect(() => problemsOf('const = 1;')).toThrow('planted.test.ts: ');
  });

  it('with the line where it stands', () => {
    expect(vacuousAssertions('planted.test.ts', '\n\nif (a) expect(a).toBe(1);')).toEqual([
      { line: 3, problem: 'an assertion behind a condition (IfStatement)' },
    ]);
  });
});

describe('an assertion is accepted', () => {
  it.each([
    ['in the condition itself', 'if (expect(a).toBe(1)) f();'],
    ['where the other case is an error', 'if (!a) throw new Error(); expect(a).toBe(1);'],
    ['where catch throws', 'try { expect(a).toBe(1); } catch (cause) { throw f(cause); }'],
    ['where finally follows', 'try { expect(a).toBe(1); } finally { f(); }'],
    ['of a value that depends on a condition', 'expect(a ? b : c).toBe(a && b);'],
    ['before a return', 'function f() { expect(a).toBe(1); return a; }'],
    ['below a function that returns', 'const f = () => { return 1; }; expect(f()).toBe(1);'],
    ['in a loop over a list', 'for (const a of [1, 2]) expect(a).toBe(1);'],
    [
      'in a loop over a list with a name',
      'const b = { x: 1 } as const; for (const [a] of Object.entries(b)) expect(a).toBe(1);',
    ],
    ['in a loop over nonEmpty()', 'for (const a of nonEmpty(f())) expect(a).toBe(1);'],
    [
      'in a loop over what nonEmpty() gave',
      'const b = nonEmpty(f()); for (const [i, a] of b.entries()) expect(a).toBe(i);',
    ],
    [
      'in a loop over what is asserted before',
      'expect(b.size).toBeGreaterThan(0); for (const a of b) expect(a).toBe(1);',
    ],
    [
      'in a loop over what is asserted to have a length',
      'expect(b).toHaveLength(2); for (const a of b) expect(a).toBe(1);',
    ],
    [
      'in a loop over a made list',
      'for (const a of Array.from({ length: 3 }, f)) expect(a).toBe(1);',
    ],
    ['in a counted loop', 'const N = 3; for (let i = 0; i < N; i++) expect(i).toBe(1);'],
    ['in a loop that ends itself', 'for (;;) { expect(a).toBe(1); if (a) break; }'],
    ['in a loop that begins with a round', 'do { expect(a).toBe(1); } while (a);'],
    ['of the extreme of nonEmpty()', 'expect(Math.max(...nonEmpty(b))).toBe(1);'],
    ['of every one of nonEmpty()', 'expect(nonEmpty(b).every(f)).toBe(true);'],
    ['in a test of each of a list', "it.each([1, 2])('%s', (a) => expect(a).toBe(1));"],
  ])('%s', (_, source) => {
    expect(problemsOf(source)).toEqual([]);
  });
});
