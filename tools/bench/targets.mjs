/** A row of the table: what was measured beside what was aimed at. */
export function row(name, value, { note = '', limit, holds } = {}) {
  const verdict = limit === undefined ? '' : `${limit.padEnd(16)}${holds ? 'met' : 'NOT MET'}`;
  console.log(`${name.padEnd(56)}${value.padStart(12)}   ${note.padEnd(30)}${verdict}`.trimEnd());
}

/** A row whose figure may be at most `target`. */
export function atMost(name, figure, target, unit, note) {
  row(name, format(figure, unit), {
    note,
    limit: `≤ ${format(target, unit)}`,
    holds: figure <= target,
  });
}

/** A row whose figure must be at least `target`. */
export function atLeast(name, figure, target, unit, note) {
  row(name, format(figure, unit), {
    note,
    limit: `≥ ${format(target, unit)}`,
    holds: figure >= target,
  });
}

export function format(figure, unit) {
  if (unit === '%') return `${(100 * figure).toFixed(1)} %`;
  if (unit === 'GB') return `${(figure / 1e9).toFixed(2)} GB`;
  if (unit === '') return figure.toExponential(1);
  return `${figure.toFixed(unit === 's' ? 3 : 2)} ${unit}`;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
