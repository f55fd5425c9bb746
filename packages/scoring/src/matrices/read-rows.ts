import type { Floats } from '@layersense/model-source';
import type { MatrixLayout, MatrixRows } from '@layersense/models';
import type { Rows } from '@layersense/sensitivity';
import type { StoredWeight } from '../model/stored-weights.js';

/** Some rows of a matrix: numbers `start` to `start + rows`. */
export interface RowBlock extends Rows {
  readonly start: number;
}

interface LaidOut extends Pick<StoredWeight, 'chunks'> {
  readonly layout: MatrixLayout;
}

/** What the rows of a band are a multiple of, of formats that have blocks of rows. */
const USUAL_MULTIPLE = 128;

/**
 * Where rows are read into, so that a matrix of any size needs this much memory, which threads may share. A
 * matrix that fits is read once however often it is gone through; a larger one is read each time, a block of
 * rows at a time.
 */
export class RowReader {
  #buffer = new Float32Array(new SharedArrayBuffer(0));

  /** @param blockElements how many values a block has at most, unless a single row has more */
  constructor(private readonly blockElements = 16 * 1024 * 1024) {}

  /**
   * The rows of one of the weight's matrices, in float32. What is there before another matrix is asked for.
   *
   * @param multiple blocks begin at multiples of it
   */
  blocksOf(
    weight: LaidOut,
    { start, end }: Pick<MatrixRows, 'start' | 'end'>,
    multiple = 1,
  ): AsyncIterable<RowBlock> {
    const { inputs } = weight.layout;
    const fitting = Math.floor(this.blockElements / Math.max(1, inputs));
    // The same blocks for most formats, as what is hashed of a matrix is hashed block by block.
    const unit =
      fitting >= USUAL_MULTIPLE && USUAL_MULTIPLE % multiple === 0 ? USUAL_MULTIPLE : multiple;
    const rowsAtOnce = Math.max(unit, fitting - (fitting % unit));
    const read = (first: number, rows: number) => this.#read(weight, first, rows);
    if (end - start <= rowsAtOnce) return held(() => read(start, end - start));
    return inBlocks(start, end, rowsAtOnce, read);
  }

  async #read({ layout, chunks }: LaidOut, first: number, rows: number): Promise<Rows> {
    const { inputs, turnedRows } = layout;
    const length = rows * inputs;
    if (this.#buffer.length < length) {
      this.#buffer = new Float32Array(new SharedArrayBuffer(4 * length));
    }
    const values = this.#buffer.subarray(0, length);
    if (turnedRows === undefined) await copyValues(chunks(first * inputs), values);
    else {
      const block = Math.floor(first / turnedRows);
      const column = first - block * turnedRows;
      const stored = chunks(block * turnedRows * inputs);
      await copyTurned(stored, values, { inputs, stored: turnedRows, column, rows });
    }
    return { values, rows, columns: inputs };
  }
}

/** A single block that is read when it is first asked for. */
function held(read: () => Promise<Rows>): AsyncIterable<RowBlock> {
  let reading: Promise<Rows> | undefined;
  return {
    async *[Symbol.asyncIterator]() {
      reading ??= read();
      yield { start: 0, ...(await reading) };
    },
  };
}

function inBlocks(
  start: number,
  end: number,
  rowsAtOnce: number,
  read: (first: number, rows: number) => Promise<Rows>,
): AsyncIterable<RowBlock> {
  return {
    async *[Symbol.asyncIterator]() {
      for (let first = start; first < end; first += rowsAtOnce) {
        const rows = await read(first, Math.min(rowsAtOnce, end - first));
        yield { start: first - start, ...rows };
      }
    },
  };
}

async function copyValues(chunks: AsyncIterable<Floats>, values: Float32Array): Promise<void> {
  let done = 0;
  for await (const chunk of chunks) {
    const wanted = chunk.subarray(0, values.length - done);
    values.set(wanted, done);
    done += wanted.length;
    if (done === values.length) return;
  }
}

interface Turned {
  readonly inputs: number;
  /** How many rows are stored together: what is read is [inputs, stored]. */
  readonly stored: number;
  /** The first of the `rows` that are wanted. */
  readonly column: number;
  readonly rows: number;
}

/** Takes the wanted columns of [inputs, stored] as rows. */
async function copyTurned(
  chunks: AsyncIterable<Floats>,
  values: Float32Array,
  { inputs, stored, column, rows }: Turned,
): Promise<void> {
  let [input, at] = [0, 0];
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.length; ) {
      const count = Math.min(stored - at, chunk.length - i);
      const [from, to] = [Math.max(at, column), Math.min(at + count, column + rows)];
      for (let c = from; c < to; c++)
        values[(c - column) * inputs + input] = chunk[i + c - at] ?? 0;
      i += count;
      at += count;
      if (at < stored) continue;
      at = 0;
      input += 1;
      if (input === inputs) return;
    }
  }
}
