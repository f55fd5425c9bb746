import { affineSuperBlock } from './affine-super-block.js';
import { fitScale, NEGLIGIBLE } from './fit-scale.js';
import { nibbles, sixBits } from './packed-scales.js';
import { refineScale } from './refine-scale.js';
import { byteScales, sixBitScales } from './signed-scales.js';
import type { SuperBlockCodec } from './super-block.js';
import { symmetricSuperBlock } from './symmetric-super-block.js';

/** The k-quants by the bits of their codes; where things lie in a super-block is that of ggml-common.h. */
export const codecs: Readonly<Record<string, SuperBlockCodec>> = {
  2: affineSuperBlock({
    bytes: 84,
    subBlock: 16,
    search: { levels: 3, first: -0.5, further: 15, error: 'absolute' },
    weighting: 'magnitude',
    packed: nibbles,
    d: 80,
    planes: [{ at: 16, bits: 2, from: 0, stride: 32 }],
  }),
  3: symmetricSuperBlock({
    bytes: 110,
    half: 4,
    search: refineScale,
    packed: sixBitScales(96),
    d: 108,
    planes: [
      { at: 32, bits: 2, from: 0, stride: 32 },
      { at: 0, bits: 1, from: 2, stride: 32 },
    ],
    zeroBelow: 0,
  }),
  4: affineSuperBlock({
    bytes: 144,
    subBlock: 32,
    search: { levels: 15, first: -1, further: 20, error: 'squared' },
    weighting: 'magnitude and rms',
    packed: sixBits,
    d: 0,
    planes: [{ at: 16, bits: 4, from: 0, stride: 32 }],
  }),
  5: affineSuperBlock({
    bytes: 176,
    subBlock: 32,
    search: { levels: 31, first: -0.5, further: 15, error: 'squared' },
    weighting: 'magnitude and rms',
    packed: sixBits,
    d: 0,
    planes: [
      { at: 48, bits: 4, from: 0, stride: 32 },
      { at: 16, bits: 1, from: 4, stride: 32 },
    ],
  }),
  6: symmetricSuperBlock({
    bytes: 210,
    half: 32,
    search: fitScale,
    packed: byteScales(192),
    d: 208,
    planes: [
      { at: 0, bits: 4, from: 0, stride: 64 },
      { at: 128, bits: 2, from: 4, stride: 32 },
    ],
    zeroBelow: NEGLIGIBLE,
  }),
};
