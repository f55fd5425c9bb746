import { setImmediate } from 'node:timers/promises';
import { LayersenseError } from '@layersense/contracts';
import {
  assertFiniteDequantised,
  assertFiniteWeights,
  assertFits,
  type MatrixShape,
  type NumericFormat,
} from '@layersense/formats';
import type { Checkpoint } from '@layersense/model-source';
import { type LaidOutMatrix, type MatrixLayout, storedNames } from '@layersense/models';
import { elementTypes, type TensorRef } from '@layersense/onnx-ir';
import { bandsOf, blockMultiple } from '../matrices/bands.js';
import type { MatrixWeight } from '../matrices/matrix-weights.js';
import { RowReader } from '../matrices/read-rows.js';
import type { ReplacedWeight } from './variant.js';

/** A matrix of a stored weight. */
export interface MatrixOf {
  readonly weight: MatrixWeight;
  readonly matrix: LaidOutMatrix;
}

export const shapeOf = ({ weight, matrix }: MatrixOf): MatrixShape => [
  matrix.end - matrix.start,
  weight.layout.inputs,
];

/**
 * The matrix in a format, in the place of what the checkpoint stores.
 *
 * @throws LayersenseError `format_unsuitable`; `invalid_request` for a matrix that is stored as integers
 */
export function inFormat(
  of: MatrixOf,
  format: NumericFormat,
  { tensors }: Pick<Checkpoint, 'tensors'>,
): ReplacedWeight {
  const { weight, matrix } = of;
  assertFits(format, matrix.name, shapeOf(of));
  const name = storedNames(weight.parameter).find((stored) => tensors.has(stored));
  const stored = name === undefined ? undefined : tensors.get(name);
  if (!stored) throw storedAsIntegers(matrix.name);
  const { turnedRows } = weight.layout;
  return {
    parameter: matrix.name,
    stored: stretchWith(stored, weight.layout, matrix),
    values: () => {
      const rounded = roundedRows(of, format);
      return turnedRows === undefined ? rounded : turned(rounded, shapeOf(of), turnedRows);
    },
  };
}

/** Rows lie one after the other, or in blocks of `turnedRows` that a matrix has all of. */
function stretchWith(
  stored: TensorRef,
  { inputs }: MatrixLayout,
  matrix: LaidOutMatrix,
): TensorRef {
  const rowBytes = inputs * elementTypes[stored.dtype].bytes;
  const { start, end } = matrix;
  const [offset, length] = [stored.offset + start * rowBytes, (end - start) * rowBytes];
  if (length === stored.length) return stored;
  return { ...stored, shape: [end - start, inputs], offset, length };
}

async function* roundedRows(
  { weight, matrix }: MatrixOf,
  format: NumericFormat,
): AsyncGenerator<Float32Array, void, undefined> {
  const shape = shapeOf({ weight, matrix });
  const [, inputs] = shape;
  const blocks = new RowReader().blocksOf(weight, matrix, blockMultiple([format], shape));
  const survey = format.survey?.(shape);
  for await (const { values, start } of blocks) {
    assertFiniteWeights(matrix.name, values, start * inputs);
    survey?.see(values);
  }
  const facts = survey ? { facts: survey.facts() } : {};
  for await (const block of blocks) {
    for (const { values, firstRow } of bandsOf(block, format.bandRows(shape))) {
      const rounded = format.dequantised(values, { shape, firstRow, ...facts });
      assertFiniteDequantised(matrix.name, format.name, rounded, firstRow * inputs);
      yield rounded;
      // A search for scales takes its time, and others want theirs.
      if (format.searched) await setImmediate();
    }
  }
}

/** [rows, inputs] as [inputs, rows], a block of rows after the other; the block is in memory. */
async function* turned(
  rows: AsyncIterable<Float32Array>,
  [outputs, inputs]: MatrixShape,
  turnedRows: number,
): AsyncGenerator<Float32Array, void, undefined> {
  const block = new Float32Array(turnedRows * inputs);
  let row = 0;
  for await (const values of rows) {
    for (let start = 0; start < values.length; start += inputs, row++) {
      const column = row % turnedRows;
      for (let i = 0; i < inputs; i++) block[i * turnedRows + column] = values[start + i] ?? 0;
      if (column === turnedRows - 1) yield block;
    }
  }
  if (row !== outputs || row % turnedRows !== 0)
    throw new RangeError('a block has all of its rows');
}

function storedAsIntegers(parameter: string): LayersenseError {
  return new LayersenseError(
    'invalid_request',
    `${parameter} is stored as integers, and no other values can take their place. Measure the model that it was quantised from.`,
    { parameter },
  );
}
