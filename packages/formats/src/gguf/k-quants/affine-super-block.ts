import { readFloat16, writeFloat16 } from '../../floats/float16-bytes.js';
import { type CodePlane, packPlane, unpackPlane } from './code-plane.js';
import { errorWeights, type Weighting } from './error-weights.js';
import { fitScaleAndMin, type ScaleAndMinSearch } from './fit-scale-and-min.js';
import { nearestInt } from './nearest-int.js';
import type { PackedScalesAndMins } from './packed-scales.js';
import { SUPER_BLOCK, type SuperBlockCodec } from './super-block.js';

/** A k-quant y = d s q − dmin m, with a scale s and a minimum m for each sub-block. */
export interface AffineSuperBlock {
  readonly bytes: number;
  /** How many weights share a scale and a minimum. */
  readonly subBlock: 16 | 32;
  readonly search: ScaleAndMinSearch;
  readonly weighting: Weighting;
  readonly packed: PackedScalesAndMins;
  /** The byte where d begins, which dmin follows. */
  readonly d: number;
  readonly planes: readonly CodePlane[];
}

const f = Math.fround;

/** The codec of such a k-quant: quantize_row_q{2,4,5}_K_ref of llama.cpp's ggml-quants.c, and their inverses. */
export function affineSuperBlock(format: AffineSuperBlock): SuperBlockCodec {
  const { bytes, subBlock, search, packed, planes } = format;
  const subBlocks = SUPER_BLOCK / subBlock;
  const codes = new Uint8Array(SUPER_BLOCK);
  const trial = new Uint8Array(subBlock);
  const weights = new Float32Array(subBlock);
  const scales = new Float32Array(subBlocks);
  const mins = new Float32Array(subBlocks);
  const scaleCodes = new Uint8Array(subBlocks);
  const minCodes = new Uint8Array(subBlocks);

  function searchSubBlocks(values: Float32Array): void {
    for (let j = 0; j < subBlocks; j++) {
      const at = j * subBlock;
      errorWeights(values, at, format.weighting, weights);
      const { scale, min } = fitScaleAndMin({ values, at, weights }, search, codes, trial);
      scales[j] = scale;
      mins[j] = min;
    }
  }

  /** Every code anew for the scales as they are stored; where that is 0, those of the search stay. */
  function roundCodes(values: Float32Array, d: number, dmin: number): void {
    for (let i = 0; i < SUPER_BLOCK; i++) {
      const j = Math.floor(i / subBlock);
      const scale = f(d * (scaleCodes[j] ?? 0));
      if (scale === 0) continue;
      const min = f(dmin * (minCodes[j] ?? 0));
      const code = nearestInt(f(f((values[i] ?? 0) + min) / scale));
      codes[i] = Math.min(Math.max(code, 0), search.levels);
    }
  }

  return {
    bytes,
    encode(values, at, raw, rawAt) {
      const block = values.subarray(at, at + SUPER_BLOCK);
      searchSubBlocks(block);
      const d = rawAt + format.d;
      raw.fill(0, rawAt, rawAt + bytes);
      writeFloat16(raw, d, codesOf(scales, packed.levels, scaleCodes));
      writeFloat16(raw, d + 2, codesOf(mins, packed.levels, minCodes));
      packed.pack(scaleCodes, minCodes, raw, rawAt);
      roundCodes(block, readFloat16(raw, d), readFloat16(raw, d + 2));
      for (const plane of planes) packPlane(plane, codes, raw, rawAt);
    },
    decode(raw, rawAt, values, at) {
      const d = readFloat16(raw, rawAt + format.d);
      const dmin = readFloat16(raw, rawAt + format.d + 2);
      packed.unpack(raw, rawAt, scaleCodes, minCodes);
      codes.fill(0);
      for (const plane of planes) unpackPlane(plane, raw, rawAt, codes);
      for (let i = 0; i < SUPER_BLOCK; i++) {
        const j = Math.floor(i / subBlock);
        const scale = f(d * (scaleCodes[j] ?? 0));
        values[at + i] = f(scale * (codes[i] ?? 0)) - f(dmin * (minCodes[j] ?? 0));
      }
    },
  };
}

/** Codes 0 … levels of numbers that are not negative, and the scale that takes them back. */
function codesOf(numbers: Float32Array, levels: number, codes: Uint8Array): number {
  let most = 0;
  for (const number of numbers) if (number > most) most = number;
  const inverse = most > 0 ? f(levels / most) : 0;
  for (let j = 0; j < codes.length; j++) {
    // A byte wraps, as it does in C; where the inverse of a subnormal overflows, the 8 lower bits are taken.
    const code = nearestInt(f(inverse * (numbers[j] ?? 0))) & 0xff;
    codes[j] = Math.min(code, levels);
  }
  return f(most / levels);
}
