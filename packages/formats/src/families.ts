import { bfloat16 } from './floats/bfloat16.js';
import { int } from './integers/int.js';
import type { FormatFamily } from './names/format-family.js';

/** Every family of formats. A further one is one more entry, and nothing else lists formats. */
export const families: readonly FormatFamily[] = [int, bfloat16];
