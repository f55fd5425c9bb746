import type { Groups } from '../rounding/groups.js';
import { type Minifloat, toMinifloat } from './minifloat.js';

/** By the leading bits of a float32, and whether other bits follow, the nearest value of a type. */
export interface BitTable {
  readonly table: Float32Array;
  /** How many bits of a float32 only tell whether others follow. */
  readonly shift: number;
}

const MANTISSA_BITS = 23;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/**
 * Where the nearest value of a type changes has one bit of mantissa more than its values. So sign, exponent,
 * that many bits, and whether any bit follows, decide.
 */
export function bitTable(type: Minifloat): BitTable {
  const shift = MANTISSA_BITS - type.mantissaBits - 1;
  const table = new Float32Array(2 ** (33 - shift));
  for (let i = 0; i < table.length; i++) {
    floatBits[0] = ((i >>> 1) << shift) | (i & 1);
    const value = float[0] ?? 0;
    // The bits of infinities and of what is no number are none that finite weights and scales lead to.
    table[i] = Number.isFinite(value) ? toMinifloat(type, value) : Number.NaN;
  }
  return { table, shift };
}

/** The nearest value to x of a float32. */
export function nearestByBits({ table, shift }: BitTable, x: number): number {
  float[0] = x;
  return table[tableIndex(floatBits[0] ?? 0, shift)] ?? 0;
}

/** y = the nearest value to x / s, times s, in float32; s is the parameter of a group. */
export function toNearestByBits(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  { table, shift }: BitTable,
): void {
  for (let g = first; g < last; g++) {
    const scale = parameters[g - first] ?? 0;
    const inverse = 1 / scale;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      float[0] = (values[i] ?? 0) * inverse;
      out[i] = (table[tableIndex(floatBits[0] ?? 0, shift)] ?? 0) * scale;
    }
  }
}

function tableIndex(bits: number, shift: number): number {
  const rest = bits & ((1 << shift) - 1);
  return ((bits >>> shift) << 1) | ((0 - rest) >>> 31);
}
