import type { Survey } from '../numeric-format.js';
import { largestMagnitude } from './extremes.js';
import { weightsOf } from './weights.js';

/** Finds the largest magnitude of a matrix; it is the one fact. */
export function largestOfMatrix(): Survey {
  let largest = 0;
  return {
    see: (band) => {
      largest = Math.max(largest, largestMagnitude(weightsOf(band).bits, 0, band.length));
    },
    facts: () => Float32Array.of(largest),
  };
}
