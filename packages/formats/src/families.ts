import { fourBit } from './bitsandbytes/four-bit.js';
import { fp8 } from './floats/fp8.js';
import { plainFloats } from './floats/plain-floats.js';
import { kQuants } from './gguf/k-quants/k-quants.js';
import { legacyGguf } from './gguf/legacy.js';
import { int } from './integers/int.js';
import { mx } from './microscaling/mx.js';
import { nvfp4 } from './microscaling/nvfp4.js';
import { mlx } from './mlx/mlx.js';
import type { FormatFamily } from './names/format-family.js';
import { matmulNbits } from './onnxruntime/matmul-nbits.js';

/** Every family of formats. A further one is one more entry, and nothing else lists formats. */
export const families: readonly FormatFamily[] = [
  int,
  fp8,
  mx,
  nvfp4,
  fourBit,
  legacyGguf,
  kQuants,
  mlx,
  matmulNbits,
  plainFloats,
];
