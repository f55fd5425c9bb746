import { scaleBand } from './scale-band.js';
import { e4m3Values, e8m0Values, lookUp, lookUpPairs } from './small-floats.js';

export const MXFP4_GROUP = 32;
export const NVFP4_GROUP = 16;

/**
 * Rows of MXFP4: two E2M1 values a byte, the lower four bits first, in groups of 32 with a scale 2^(e − 127)
 * (OCP MX 1.0; transformers, integrations/mxfp4.py, convert_moe_packed_tensors, and compressed-tensors,
 * `mxfp4-pack-quantized`). Every value is exact in bfloat16 as it is in float32.
 *
 * @param codes [rows, columns / 2]
 * @param exponents [rows, columns / 32]
 */
export function mxfp4Rows(
  codes: Uint8Array,
  exponents: Uint8Array,
  columns: number,
  out: Float32Array,
): Float32Array {
  const values = new Float32Array(exponents.length);
  lookUp(e8m0Values, exponents, values);
  return float4Rows(codes, values, columns, MXFP4_GROUP, out);
}

/** How the scale of the whole matrix counts. */
export interface MatrixScale {
  readonly value: number;
  /** Whether the scales of groups are divided by it, and not multiplied with it. */
  readonly divides: boolean;
}

/**
 * Rows of NVFP4: E2M1 as in MXFP4, in groups of 16 with an E4M3 scale s, and one float32 scale g of the matrix.
 * ModelOpt (qtensor/nvfp4_tensor.py, dequantize) multiplies with s·g, compressed-tensors (lifecycle/forward.py,
 * _dequantize) with s / g; that scale is rounded to float32, and so is the product. The latter tool's result
 * is bfloat16, the rounding of what is here.
 *
 * @param codes [rows, columns / 2]
 * @param groupScales [rows, columns / 16], E4M3 codes
 */
export function nvfp4Rows(
  codes: Uint8Array,
  groupScales: Uint8Array,
  { value, divides }: MatrixScale,
  columns: number,
  out: Float32Array,
): Float32Array {
  const values = new Float32Array(groupScales.length);
  lookUp(e4m3Values, groupScales, values);
  for (let i = 0; i < values.length; i++) {
    values[i] = divides ? (values[i] ?? 0) / value : (values[i] ?? 0) * value;
  }
  return float4Rows(codes, values, columns, NVFP4_GROUP, out);
}

function float4Rows(
  codes: Uint8Array,
  values: Float32Array,
  columns: number,
  group: number,
  out: Float32Array,
): Float32Array {
  lookUpPairs(codes, out);
  const scales = { values, perRow: columns / group, rows: 1, firstRow: 0, columns: group };
  return scaleBand({ rows: out.length / columns, columns, codes: out, scales });
}
