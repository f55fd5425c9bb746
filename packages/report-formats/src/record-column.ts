/** One value of a row under its name. */
export type RecordColumn<Row> = readonly [
  name: string,
  cellOf: (row: Row) => string | number | null | undefined,
];
