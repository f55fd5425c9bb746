/** Outputs and inputs of a matrix, by meaning and not by storage: groups of a format run along the inputs. */
export type MatrixShape = readonly [outputs: number, inputs: number];

/** Where a band of whole rows lies in its matrix. */
export interface BandPlace {
  readonly shape: MatrixShape;
  readonly firstRow: number;
  /** What the survey of this matrix has found, where the format has one. */
  readonly facts?: Float32Array;
}

/** A first pass over a matrix, for what no band alone can tell: its largest magnitude, say. */
export interface Survey {
  /** Takes the bands of a matrix in their order, each a multiple of `bandRows` rows but for the last. */
  see(band: Float32Array): void;
  /** What `dequantised` needs to know of the whole matrix. */
  facts(): Float32Array;
}

/**
 * A format that the weights of a matrix are rounded to, as one tool or paper defines it. Weights alone:
 * what a scheme does to activations is not part of it.
 */
export interface NumericFormat {
  /** The one name that it has everywhere. */
  readonly name: string;
  readonly family: string;
  /** What is rounded how, and the source file or paper that says so. */
  readonly definition: string;
  /** Tools that make the same values of a float32 matrix, by their own names. */
  readonly roundsLike: readonly string[];
  /** Tools whose format of a like name makes other values, and in what. */
  readonly differsFrom: readonly string[];
  /** Whether scales are searched for, which is slow, and not given by a formula. */
  readonly searched: boolean;
  /** Why a matrix of this shape cannot have the format, and what would fit; undefined where it can. */
  problemWith(shape: MatrixShape): string | undefined;
  /** Bits of the stored matrix: codes, scales, zero points, and what its layout pads. An integer. */
  bits(shape: MatrixShape): number;
  /** A band has a multiple of so many rows, but for the last one of a matrix. */
  bandRows(shape: MatrixShape): number;
  /** Absent where a band alone is enough. */
  survey?(shape: MatrixShape): Survey;
  /**
   * What the codes of a band stand for, in float32, value for value as the tool computes them of a
   * float32 matrix. The band holds whole rows, row-major, and finite values (`assertFiniteWeights`).
   * The result is written to `out`, which may be the band itself.
   */
  dequantised(band: Float32Array, place: BandPlace, out?: Float32Array): Float32Array;
}
