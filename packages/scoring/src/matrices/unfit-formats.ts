import { LayersenseError } from '@layersense/contracts';
import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { MatrixWeight } from './matrix-weights.js';

/**
 * What is to be said of formats that do not fit some of the matrices, whose values are then null: how
 * many, which first, why and what would fit.
 *
 * @throws LayersenseError `format_unsuitable` for a format that fits none of them
 */
export function unfitFormats(
  formats: readonly NumericFormat[],
  weights: readonly MatrixWeight[],
): readonly string[] {
  const matrices = weights.flatMap(({ layout: { matrices: own, inputs } }) =>
    own.map(({ name, start, end }) => ({ name, shape: [end - start, inputs] as MatrixShape })),
  );
  return formats.flatMap((format) => {
    const problems = matrices.flatMap(({ name, shape }) => {
      const problem = format.problemWith(shape);
      return problem === undefined ? [] : [{ name, problem }];
    });
    const [first] = problems;
    if (first === undefined) return [];
    const { name, problem } = first;
    if (problems.length < matrices.length) {
      return [
        `${format.name} does not fit ${problems.length} of the ${matrices.length} matrices, whose values are null; of ${name}: ${problem.replace(/\.$/, '')}`,
      ];
    }
    throw new LayersenseError(
      'format_unsuitable',
      `${format.name} fits none of the matrices. ${name}: ${problem}`,
      { format: format.name, parameter: name },
    );
  });
}
