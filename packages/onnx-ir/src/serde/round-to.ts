import type { ElementType } from '../graph/element-type.js';
import { tensorFromBytes, tensorToBytes } from './tensor-bytes.js';

/** `x` as the nearest number of type `dtype`, ties to even. */
export function roundTo(dtype: ElementType, x: number): number {
  return tensorFromBytes(dtype, tensorToBytes({ dtype, shape: [], data: [x] }))[0] ?? Number.NaN;
}
