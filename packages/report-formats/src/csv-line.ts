type Cell = string | number | null | undefined;

/** A record of RFC 4180 without its end: empty where there is no value, quoted where text asks for it. */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(field).join(',');
}

function field(value: Cell): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
