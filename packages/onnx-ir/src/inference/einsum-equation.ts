/** The axes of every operand and of the result by label; equal labels run together. */
export interface EinsumEquation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/**
 * Reads an equation such as `bhid,bhjd->bhij`. An ellipsis becomes labels of its own, `.1` being
 * the last axis it stands for. Without `->`, the result has the labels that occur once, in
 * alphabetical order, after those of the ellipsis.
 *
 * @param ranks of the operands.
 * @returns `undefined` where the equation does not fit them.
 */
export function parseEinsum(
  equation: string,
  ranks: readonly number[],
): EinsumEquation | undefined {
  const [left = '', right, ...more] = equation.replaceAll(/\s/g, '').split('->');
  const terms = left.split(',').map(splitLabels);
  const result = right === undefined ? undefined : splitLabels(right);
  if (more.length > 0 || terms.length !== ranks.length) return undefined;
  const operands = terms.map((term, i) => term && fillEllipsis(term, ranks[i] ?? 0));
  if (!allDefined(operands) || (right !== undefined && !result)) return undefined;
  const known = operands.flat();
  const covered = [...new Set(known.filter((label) => label.startsWith('.')))].sort(byPosition);
  const full = (result ?? implicitResult(known)).flatMap((label) =>
    label === ELLIPSIS ? covered : [label],
  );
  const valid = full.every((label, i) => known.includes(label) && full.indexOf(label) === i);
  return valid ? { operands, result: full } : undefined;
}

const ELLIPSIS = '...';

/** The labels of one term, `...` counting as one; `undefined` where it holds anything else. */
function splitLabels(term: string): readonly string[] | undefined {
  const labels = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  return labels.join('') === term ? labels : undefined;
}

function fillEllipsis(term: readonly string[], rank: number): readonly string[] | undefined {
  const covered = rank - term.filter((label) => label !== ELLIPSIS).length;
  const at = term.indexOf(ELLIPSIS);
  if (at < 0) return covered === 0 ? term : undefined;
  if (covered < 0) return undefined;
  const filling = Array.from({ length: covered }, (_, i) => `.${covered - i}`);
  return term.toSpliced(at, 1, ...filling);
}

/** `.3`, `.2`, `.1`: the ellipsis's axes from the first to the last. */
const byPosition = (a: string, b: string): number => Number(b.slice(1)) - Number(a.slice(1));

function implicitResult(known: readonly string[]): readonly string[] {
  const letters = known.filter((label) => !label.startsWith('.'));
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  return [ELLIPSIS, ...once.sort()];
}

function allDefined<T>(items: readonly (T | undefined)[]): items is readonly T[] {
  return items.every((item) => item !== undefined);
}
