export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** Rows under their titles, every column as wide as its widest cell. */
export function columns(
  header: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = header.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    header
      .map(({ align }, index) => {
        const cell = cells[index] ?? '';
        const width = widths[index] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(header.map(({ title }) => title)), ...rows.map(line)];
}
