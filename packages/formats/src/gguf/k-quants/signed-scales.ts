/** How the signed scales of a super-block's sixteen sub-blocks lie in its bytes. */
export interface PackedSignedScales {
  /** Scales are codes −half … half − 1. */
  readonly half: number;
  pack(scales: Int8Array, raw: Uint8Array, rawAt: number): void;
  unpack(raw: Uint8Array, rawAt: number, scales: Int8Array): void;
}

/**
 * q3_k: code + 32 of six bits. The lower four in eight bytes, those of scale j and j + 8 together; the upper
 * two in four bytes, those of scale j, j + 4, j + 8 and j + 12 together.
 */
export function sixBitScales(at: number): PackedSignedScales {
  return {
    half: 32,
    pack(scales, raw, rawAt) {
      const low = rawAt + at;
      for (let j = 0; j < 8; j++) {
        raw[low + j] = (shifted(scales, j) & 15) | ((shifted(scales, j + 8) & 15) << 4);
      }
      for (let j = 0; j < 4; j++) {
        raw[low + 8 + j] =
          (shifted(scales, j) >> 4) |
          ((shifted(scales, j + 4) >> 4) << 2) |
          ((shifted(scales, j + 8) >> 4) << 4) |
          ((shifted(scales, j + 12) >> 4) << 6);
      }
    },
    unpack(raw, rawAt, scales) {
      const low = rawAt + at;
      for (let j = 0; j < 16; j++) {
        const lower = ((raw[low + (j % 8)] ?? 0) >> (j < 8 ? 0 : 4)) & 15;
        const upper = ((raw[low + 8 + (j % 4)] ?? 0) >> (2 * (j >> 2))) & 3;
        scales[j] = (lower | (upper << 4)) - 32;
      }
    },
  };
}

/** q6_k: a signed byte each. */
export function byteScales(at: number): PackedSignedScales {
  return {
    half: 128,
    pack(scales, raw, rawAt) {
      raw.set(scales, rawAt + at);
    },
    unpack(raw, rawAt, scales) {
      scales.set(raw.subarray(rawAt + at, rawAt + at + scales.length));
    },
  };
}

function shifted(scales: Int8Array, j: number): number {
  return (scales[j] ?? 0) + 32;
}
