import { LayersenseError } from '@layersense/contracts';
import { fisherComputation } from './fisher/index.js';
import { formatErrorComputation } from './format-error/index.js';
import { magnitudeComputation } from './magnitude/index.js';
import { measureComputation } from './measure/index.js';
import type { MethodComputation } from './method-computation.js';
import { priceComputation } from './price/index.js';

const computations = new Map<string, MethodComputation>([
  ['fisher', fisherComputation],
  ['magnitude', magnitudeComputation],
  ['measure', measureComputation],
  ['format_error', formatErrorComputation],
  ['price', priceComputation],
]);

/** Adds the computation of a method that `registerMethod` of the contracts has made known. */
export function registerComputation(method: string, computation: MethodComputation): void {
  computations.set(method, computation);
}

/** @throws LayersenseError `invalid_request` for a method that this process cannot compute */
export function computationOf(method: string): MethodComputation {
  const computation = computations.get(method);
  if (computation) return computation;
  throw new LayersenseError(
    'invalid_request',
    `This worker cannot compute ${JSON.stringify(method)}, but ${[...computations.keys()].join(', ')}. API and workers must be of one version.`,
    { method },
  );
}
