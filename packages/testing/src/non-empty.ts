/**
 * The values as a list.
 *
 * @throws Error where there are none: what follows would assert nothing, and pass
 */
export function nonEmpty<T>(values: Iterable<T>): readonly [T, ...T[]] {
  const [first, ...others] = values;
  if (first === undefined) throw new Error('there is nothing to compare: the list is empty');
  return [first, ...others];
}

/** @throws Error where there is no value; Math.max would say -Infinity, which is below any limit */
export function largest(values: Iterable<number>): number {
  return nonEmpty(values).reduce((a, b) => Math.max(a, b));
}

/** @throws Error where there is no value; Math.min would say Infinity, which is above any limit */
export function smallest(values: Iterable<number>): number {
  return nonEmpty(values).reduce((a, b) => Math.min(a, b));
}
