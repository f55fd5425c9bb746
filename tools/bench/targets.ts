interface Verdict {
  readonly note?: string;
  /** What was aimed at, as it is printed, and whether the value keeps to it. */
  readonly limit?: string;
  readonly holds?: boolean;
}

export type Unit = '%' | 'GB' | 's' | '×' | '';

/** A row of the table: what was measured beside what was aimed at. */
export function row(name: string, value: string, { note = '', limit, holds }: Verdict = {}): void {
  const verdict = limit === undefined ? '' : `${limit.padEnd(16)}${holds ? 'met' : 'NOT MET'}`;
  console.log(`${name.padEnd(56)}${value.padStart(12)}   ${note.padEnd(30)}${verdict}`.trimEnd());
}

/** A row whose figure may be at most `target`. */
export function atMost(name: string, figure: number, target: number, unit: Unit, note = ''): void {
  row(name, format(figure, unit), {
    note,
    limit: `≤ ${format(target, unit)}`,
    holds: figure <= target,
  });
}

/** A row whose figure must be at least `target`. */
export function atLeast(name: string, figure: number, target: number, unit: Unit, note = ''): void {
  row(name, format(figure, unit), {
    note,
    limit: `≥ ${format(target, unit)}`,
    holds: figure >= target,
  });
}

function format(figure: number, unit: Unit): string {
  if (unit === '%') return `${(100 * figure).toFixed(1)} %`;
  if (unit === 'GB') return `${(figure / 1e9).toFixed(2)} GB`;
  if (unit === '') return figure.toExponential(1);
  return `${figure.toFixed(unit === 's' ? 3 : 2)} ${unit}`;
}

/** NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (position: number): number => sorted[position] ?? Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
}
