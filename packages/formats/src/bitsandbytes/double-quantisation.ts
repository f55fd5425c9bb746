import type { Survey } from '../numeric-format.js';
import { largestMagnitude, largestMagnitudes } from '../rounding/extremes.js';
import { groupBounds } from '../rounding/groups.js';
import { weightsOf } from '../rounding/weights.js';
import { dynamicMap } from './dynamic-map.js';

/** Blocks whose scales have a scale in common. */
export const NESTED_BLOCK = 256;

const map = dynamicMap();

/** Finds the largest magnitude of every block of a matrix; the facts are what is stored of these. */
export function surveyBlocks(values: number, block: number): Survey {
  const largest = new Float32Array(Math.ceil(values / block));
  let seen = 0;
  return {
    see: (band) => {
      const bounds = groupBounds(band.length, band.length, block);
      const last = bounds.length - 1;
      const parameters = new Float64Array(last);
      largestMagnitudes(weightsOf(band).bits, { bounds, first: 0, last, parameters }, 1);
      largest.set(parameters, seen);
      seen += last;
    },
    facts: () => doublyQuantised(largest),
  };
}

/**
 * The scales as they are stored and read again: their mean m, the largest |a − m| of each 256 of them, A, and
 * for each the nearest of 256 values to (a − m) / A. The mean is that of float64: PyTorch's is summed in
 * float32, in an order that the machine decides.
 */
export function doublyQuantised(scales: Float32Array): Float32Array {
  const mean = Math.fround(scales.reduce((sum, scale) => sum + scale, 0) / scales.length);
  const shifted = scales.map((scale) => scale - mean);
  const { bits } = weightsOf(shifted);
  for (let start = 0; start < scales.length; start += NESTED_BLOCK) {
    const end = Math.min(start + NESTED_BLOCK, scales.length);
    const largest = largestMagnitude(bits, start, end);
    // Scales that are all alike have no distance from their mean to be divided by.
    const inverse = largest === 0 ? 0 : Math.fround(1 / largest);
    for (let i = start; i < end; i++) {
      const code = nearest(Math.fround((shifted[i] ?? 0) * inverse));
      shifted[i] = Math.fround(code * largest) + mean;
    }
  }
  return shifted;
}

/** The nearest value of the map; the lower one halfway between two. */
function nearest(x: number): number {
  let [low, high] = [0, map.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((map[middle] ?? 0) < x) low = middle;
    else high = middle;
  }
  const [below, above] = [map[low] ?? 0, map[high] ?? 0];
  return above - x < x - below ? above : below;
}
