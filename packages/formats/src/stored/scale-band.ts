/** Rows of a quantised matrix: what its codes are, and what they are scaled with. */
export interface CodedBand {
  readonly rows: number;
  readonly columns: number;
  /** The values of the codes, row-major: integers, or the small floats that they are. */
  readonly codes: Float32Array;
  readonly scales: BandScales;
}

/** The scales of a band, row-major: each for some rows and some columns. */
export interface BandScales {
  readonly values: Float32Array;
  /** Subtracted from a code before it is scaled; as many as there are scales. */
  readonly zeroPoints?: Float32Array | undefined;
  /** Added to a code after it is scaled; as many as there are scales. */
  readonly biases?: Float32Array | undefined;
  /** How many scales a row of scales has. */
  readonly perRow: number;
  /** How many rows of codes share a row of scales. */
  readonly rows: number;
  /** The place of the band's first row among those that share its scales. */
  readonly firstRow: number;
  /** How many columns share a scale, or the number of each column's scale. */
  readonly columns: number | Uint32Array;
}

/**
 * Replaces every code q by (q − z) s + b. What is 16 bits wide or less is exact in float32, so that the
 * product is rounded once, to float32, and with a bias the sum once more.
 */
export function scaleBand({ rows, columns, codes, scales }: CodedBand): Float32Array {
  const scaleRow = typeof scales.columns === 'number' ? scaleInTurn : scaleEach;
  for (let row = 0; row < rows; row++) {
    const first = Math.floor((scales.firstRow + row) / scales.rows) * scales.perRow;
    scaleRow(codes.subarray(row * columns, (row + 1) * columns), first, scales);
  }
  return codes;
}

function scaleInTurn(row: Float32Array, first: number, scales: BandScales): void {
  const { values, zeroPoints, biases, columns } = scales;
  const width = Number(columns);
  for (let start = 0, i = first; start < row.length; start += width, i++) {
    const scale = values[i] ?? Number.NaN;
    const zero = zeroPoints?.[i] ?? 0;
    const end = Math.min(start + width, row.length);
    for (let c = start; c < end; c++) row[c] = ((row[c] ?? 0) - zero) * scale;
    if (biases === undefined) continue;
    const bias = biases[i] ?? Number.NaN;
    for (let c = start; c < end; c++) row[c] = (row[c] ?? 0) + bias;
  }
}

function scaleEach(row: Float32Array, first: number, scales: BandScales): void {
  const { values, zeroPoints, columns } = scales;
  for (let c = 0; c < row.length; c++) {
    const i = first + (typeof columns === 'number' ? 0 : (columns[c] ?? 0));
    row[c] = ((row[c] ?? 0) - (zeroPoints?.[i] ?? 0)) * (values[i] ?? Number.NaN);
  }
}
