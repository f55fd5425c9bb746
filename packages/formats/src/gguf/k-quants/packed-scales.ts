/** How the scales and minima of a super-block's sub-blocks lie in its bytes. */
export interface PackedScalesAndMins {
  /** Scales and minima are codes 0 … levels. */
  readonly levels: number;
  pack(scales: Uint8Array, mins: Uint8Array, raw: Uint8Array, rawAt: number): void;
  unpack(raw: Uint8Array, rawAt: number, scales: Uint8Array, mins: Uint8Array): void;
}

/** q2_k: 16 bytes, the scale in the lower four bits. */
export const nibbles: PackedScalesAndMins = {
  levels: 15,
  pack(scales, mins, raw, rawAt) {
    for (let j = 0; j < 16; j++) raw[rawAt + j] = (scales[j] ?? 0) | ((mins[j] ?? 0) << 4);
  },
  unpack(raw, rawAt, scales, mins) {
    for (let j = 0; j < 16; j++) {
      scales[j] = (raw[rawAt + j] ?? 0) & 15;
      mins[j] = (raw[rawAt + j] ?? 0) >> 4;
    }
  },
};

/**
 * q4_k and q5_k: 12 bytes after d and dmin. Scales 0 … 3, then minima 0 … 3, in the lower six bits of a byte
 * each; the lower halves of scales and minima 4 … 7 in the nibbles of the next four bytes, their upper two bits
 * above those of the first eight.
 */
export const sixBits: PackedScalesAndMins = {
  levels: 63,
  pack(scales, mins, raw, rawAt) {
    const at = rawAt + 4;
    for (let j = 0; j < 4; j++) {
      const scale = scales[j + 4] ?? 0;
      const min = mins[j + 4] ?? 0;
      raw[at + j] = (scales[j] ?? 0) | ((scale >> 4) << 6);
      raw[at + j + 4] = (mins[j] ?? 0) | ((min >> 4) << 6);
      raw[at + j + 8] = (scale & 15) | ((min & 15) << 4);
    }
  },
  unpack(raw, rawAt, scales, mins) {
    const at = rawAt + 4;
    for (let j = 0; j < 4; j++) {
      const scale = raw[at + j] ?? 0;
      const min = raw[at + j + 4] ?? 0;
      const lower = raw[at + j + 8] ?? 0;
      scales[j] = scale & 63;
      mins[j] = min & 63;
      scales[j + 4] = (lower & 15) | ((scale >> 6) << 4);
      mins[j + 4] = (lower >> 4) | ((min >> 6) << 4);
    }
  },
};
