import { type LayerScore, LayersenseError, layerName } from '@layersense/contracts';
import { elementCount } from '@layersense/onnx-ir';
import { rankBy } from '@layersense/statistics';

/** Sums over the elements of one weight, in float64. */
export interface Magnitude {
  /** Σ |w|. */
  readonly l1: number;
  /** Σ w². */
  readonly l2Squared: number;
  readonly maxAbs: number;
}

/**
 * Reads a weight in chunks.
 * @throws LayersenseError `non_finite_weight` naming the parameter and the element
 */
export async function measureMagnitude(
  parameter: string,
  chunks: AsyncIterable<Float32Array | Float64Array>,
): Promise<Magnitude> {
  let [l1, l2Squared, maxAbs, offset] = [0, 0, 0, 0];
  for await (const chunk of chunks) {
    const sums = measureChunk(chunk);
    l1 += sums.l1;
    l2Squared += sums.l2Squared;
    maxAbs = Math.max(maxAbs, sums.maxAbs);
    // One check per chunk: a non-finite element leaves the sums non-finite.
    if (!Number.isFinite(l1)) throw nonFinite(parameter, chunk, offset);
    offset += chunk.length;
  }
  return { l1, l2Squared, maxAbs };
}

/** Four sums that do not wait for each other: twice as fast as one, and as fast as reading. */
function measureChunk(chunk: Float32Array | Float64Array): Magnitude {
  let [l1a, l1b, l1c, l1d] = [0, 0, 0, 0];
  let [l2a, l2b, l2c, l2d] = [0, 0, 0, 0];
  let maxAbs = 0;
  // Reads beyond the end count as zero.
  for (let i = 0; i < chunk.length; i += 4) {
    const a = Math.abs(chunk[i] ?? 0);
    const b = Math.abs(chunk[i + 1] ?? 0);
    const c = Math.abs(chunk[i + 2] ?? 0);
    const d = Math.abs(chunk[i + 3] ?? 0);
    l1a += a;
    l1b += b;
    l1c += c;
    l1d += d;
    l2a += a * a;
    l2b += b * b;
    l2c += c * c;
    l2d += d * d;
    maxAbs = Math.max(maxAbs, a, b, c, d);
  }
  return { l1: l1a + l1b + (l1c + l1d), l2Squared: l2a + l2b + (l2c + l2d), maxAbs };
}

/** The scores of all weights, ranked by l1. */
export function summarizeMagnitude(
  magnitudes: readonly {
    readonly parameter: string;
    readonly shape: readonly number[];
    readonly magnitude: Magnitude;
  }[],
): LayerScore[] {
  const scores = magnitudes.map(({ parameter, shape, magnitude: { l1, l2Squared, maxAbs } }) => {
    const numel = elementCount(shape);
    return {
      layer: layerName(parameter).layer,
      parameter,
      shape: [...shape],
      numel,
      n: null,
      values: { l1, l2_squared: l2Squared, mean_abs: l1 / numel, max_abs: maxAbs },
      standard_error: null,
      routed_tokens: null,
      routed_examples: null,
    };
  });
  return rankBy(scores, (score) => score.values.l1);
}

function nonFinite(
  parameter: string,
  chunk: Float32Array | Float64Array,
  offset: number,
): LayersenseError {
  const index = offset + chunk.findIndex((value) => !Number.isFinite(value));
  return new LayersenseError(
    'non_finite_weight',
    `${parameter} holds a value that is not finite at element ${index}. The checkpoint is damaged or overflowed when it was converted; no score of it would mean anything.`,
    { parameter, element: index },
  );
}
