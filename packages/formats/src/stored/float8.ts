import { type BandScales, scaleBand } from './scale-band.js';
import { e4m3Values, e5m2Values, lookUp } from './small-floats.js';

export type Float8Type = 'e4m3' | 'e5m2';

/**
 * Rows of FP8 codes, each times its scale. DeepSeek-V3 (inference/kernel.py, weight_dequant) multiplies in
 * float32 and rounds to the type of the model; compressed-tensors (lifecycle/forward.py, _dequantize) and
 * transformers (integrations/finegrained_fp8.py) multiply in the type of the scale. Taken is the product in
 * float32, which is what the latter make where their scales are float32; 16-bit results are its rounding.
 *
 * @param codes [rows, columns]
 * @param out as long as `codes`
 */
export function float8Rows(
  type: Float8Type,
  codes: Uint8Array,
  columns: number,
  scales: BandScales,
  out: Float32Array,
): Float32Array {
  lookUp(type === 'e4m3' ? e4m3Values : e5m2Values, codes, out);
  return scaleBand({ rows: codes.length / columns, columns, codes: out, scales });
}
