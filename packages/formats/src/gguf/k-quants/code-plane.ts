import { SUPER_BLOCK } from './super-block.js';

/**
 * Some of the bits of a super-block's 256 codes, packed: `stride` consecutive codes lie in consecutive bytes,
 * the next `stride` in the same bytes further up, and the bytes after them begin when those are full.
 */
export interface CodePlane {
  /** The first byte of the plane in the super-block. */
  readonly at: number;
  /** Bits of each code in this plane: 1, 2 or 4. */
  readonly bits: number;
  /** The lowest of these bits in the code. */
  readonly from: number;
  /** Codes side by side before the next ones share their bytes. */
  readonly stride: number;
}

/** Writes the plane's bits of 256 codes. */
export function packPlane(
  plane: CodePlane,
  codes: Uint8Array,
  raw: Uint8Array,
  rawAt: number,
): void {
  const { bits, from, stride } = plane;
  const mask = (1 << bits) - 1;
  let byte = rawAt + plane.at;
  for (let run = 0; run < SUPER_BLOCK; run += (8 / bits) * stride) {
    for (let i = run; i < run + stride; i++) {
      let packed = 0;
      for (let shift = 0, code = i; shift < 8; shift += bits, code += stride) {
        packed |= (((codes[code] ?? 0) >> from) & mask) << shift;
      }
      raw[byte++] = packed;
    }
  }
}

/** Adds the plane's bits to 256 codes. */
export function unpackPlane(
  plane: CodePlane,
  raw: Uint8Array,
  rawAt: number,
  codes: Uint8Array,
): void {
  const { bits, from, stride } = plane;
  const mask = (1 << bits) - 1;
  let byte = rawAt + plane.at;
  for (let run = 0; run < SUPER_BLOCK; run += (8 / bits) * stride) {
    for (let i = run; i < run + stride; i++) {
      const packed = raw[byte++] ?? 0;
      for (let shift = 0, code = i; shift < 8; shift += bits, code += stride) {
        codes[code] = (codes[code] ?? 0) | (((packed >> shift) & mask) << from);
      }
    }
  }
}
