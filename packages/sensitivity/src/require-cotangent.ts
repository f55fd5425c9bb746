import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';

/** @throws LayersenseError `unsupported_operator` for a value the loss does not depend on */
export function requireCotangent(cotangents: ReadonlyMap<string, Value>, value: Value): Value {
  const cotangent = cotangents.get(value.name);
  if (cotangent) return cotangent;
  throw new LayersenseError(
    'unsupported_operator',
    `The loss does not depend on ${value.name}, so a parameter used there has no gradient.`,
    { value: value.name },
  );
}
