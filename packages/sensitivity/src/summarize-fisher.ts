import type { LayerScore } from '@layersense/contracts';
import { layerName } from '@layersense/contracts';
import { elementCount } from '@layersense/onnx-ir';
import type { FisherAccumulator } from './fisher-accumulator.js';
import { moments } from './moments.js';
import { rankBy } from './rank-by.js';

/**
 * The scores of a finished accumulation: `sum` = (1/N) Σₙ ‖gₙ(W)‖², `density` = sum / numel(W),
 * and the standard error of `sum`. Sorted as the parameters are; ranked by `sum`.
 */
export function summarizeFisher(
  accumulator: FisherAccumulator,
  shapeOf: (parameter: string) => readonly number[],
): LayerScore[] {
  const scores = [...accumulator.squaredNorms].map(([parameter, norms]) => {
    const shape = [...shapeOf(parameter)];
    const numel = elementCount(shape);
    const { n, mean, standardError } = moments(norms);
    return {
      layer: layerName(parameter).layer,
      parameter,
      shape,
      numel,
      n,
      values: { sum: mean, density: mean / numel },
      standard_error: standardError,
      per_example: Array.from(norms),
    };
  });
  return rankBy(scores, (score) => score.values.sum);
}
