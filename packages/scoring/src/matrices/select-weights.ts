import { LayersenseError } from '@layersense/contracts';
import { globPattern } from '@layersense/model-source';
import type { MatrixWeights } from './matrix-weights.js';

/**
 * The matrices whose names fit one of the patterns; all where there are none.
 *
 * @throws LayersenseError `invalid_request` for a pattern that is no matrix's, and for a model without any
 */
export function selectWeights(
  { weights, others }: Pick<MatrixWeights, 'weights' | 'others'>,
  globs: readonly string[] | undefined,
): MatrixWeights['weights'] {
  const [first] = weights;
  if (first === undefined) throw invalid('The model has no matrix, and vectors have no formats.');
  if (globs === undefined) return weights;
  const patterns = globs.map((glob) => ({ glob, pattern: globPattern(glob) }));
  for (const { glob, pattern } of patterns) {
    if (weights.some(({ parameter }) => pattern.test(parameter))) continue;
    const vector = others.find((name) => pattern.test(name));
    throw invalid(
      vector === undefined
        ? `No parameter of the model fits ${JSON.stringify(glob)}. Its matrices have names such as ${first.parameter}; * stands for any text.`
        : `${JSON.stringify(glob)} fits ${vector}, which is no matrix: vectors have no formats. Matrices have names such as ${first.parameter}.`,
      glob,
    );
  }
  return weights.filter(({ parameter }) => patterns.some(({ pattern }) => pattern.test(parameter)));
}

function invalid(message: string, pattern?: string): LayersenseError {
  return new LayersenseError(
    'invalid_request',
    message,
    pattern === undefined ? {} : { parameters: pattern },
  );
}
