import { readFloat16, writeFloat16 } from '../../floats/float16-bytes.js';
import { type CodePlane, packPlane, unpackPlane } from './code-plane.js';
import { clamped } from './fit-scale.js';
import { nearestInt } from './nearest-int.js';
import type { PackedSignedScales } from './signed-scales.js';
import { SUPER_BLOCK, type SuperBlockCodec } from './super-block.js';

const SUB_BLOCK = 16;
const SUB_BLOCKS = SUPER_BLOCK / SUB_BLOCK;

/** A k-quant y = d s (q − half), with a signed scale s for each 16 weights. */
export interface SymmetricSuperBlock {
  readonly bytes: number;
  /** Codes are 0 … 2 half − 1. */
  readonly half: number;
  /** Writes the codes of values[at … at + 16) to the same places, and returns their scale. */
  readonly search: (values: Float32Array, at: number, half: number, codes: Uint8Array) => number;
  readonly packed: PackedSignedScales;
  /** The byte where d begins. */
  readonly d: number;
  readonly planes: readonly CodePlane[];
  /** A super-block whose scales are all smaller has 0 in every byte. */
  readonly zeroBelow: number;
}

const f = Math.fround;

/** The codec of such a k-quant: quantize_row_q{3,6}_K_ref of llama.cpp's ggml-quants.c, and their inverses. */
export function symmetricSuperBlock(format: SymmetricSuperBlock): SuperBlockCodec {
  const { bytes, half, packed, planes } = format;
  const codes = new Uint8Array(SUPER_BLOCK);
  const scales = new Float32Array(SUB_BLOCKS);
  const scaleCodes = new Int8Array(SUB_BLOCKS);

  /** The scale of largest magnitude. */
  function searchSubBlocks(values: Float32Array): number {
    let extreme = 0;
    for (let j = 0; j < SUB_BLOCKS; j++) {
      const scale = format.search(values, j * SUB_BLOCK, half, codes);
      scales[j] = scale;
      if (Math.abs(scale) > Math.abs(extreme)) extreme = scale;
    }
    return extreme;
  }

  /** Every code anew for the scales as they are stored; where that is 0, those of the search stay. */
  function roundCodes(values: Float32Array, d: number): void {
    for (let i = 0; i < SUPER_BLOCK; i++) {
      const scale = f(d * (scaleCodes[i >> 4] ?? 0));
      if (scale === 0) continue;
      codes[i] = clamped(nearestInt(f((values[i] ?? 0) / scale)), half) + half;
    }
  }

  return {
    bytes,
    encode(values, at, raw, rawAt) {
      const block = values.subarray(at, at + SUPER_BLOCK);
      const extreme = searchSubBlocks(block);
      raw.fill(0, rawAt, rawAt + bytes);
      if (Math.abs(extreme) < format.zeroBelow) return;
      if (extreme !== 0) {
        const inverse = f(-packed.half / extreme);
        for (let j = 0; j < SUB_BLOCKS; j++) {
          scaleCodes[j] = clamped(nearestInt(f(inverse * (scales[j] ?? 0))), packed.half);
        }
        writeFloat16(raw, rawAt + format.d, f(1 / inverse));
        packed.pack(scaleCodes, raw, rawAt);
        roundCodes(block, readFloat16(raw, rawAt + format.d));
      }
      for (const plane of planes) packPlane(plane, codes, raw, rawAt);
    },
    decode(raw, rawAt, values, at) {
      const d = readFloat16(raw, rawAt + format.d);
      packed.unpack(raw, rawAt, scaleCodes);
      codes.fill(0);
      for (const plane of planes) unpackPlane(plane, raw, rawAt, codes);
      for (let i = 0; i < SUPER_BLOCK; i++) {
        values[at + i] = f(d * (scaleCodes[i >> 4] ?? 0)) * ((codes[i] ?? 0) - half);
      }
    },
  };
}
