import { LayersenseError } from '@layersense/contracts';

/**
 * Formats round finite values: a NaN would take its whole group with it, differently in every tool.
 *
 * @param offset element of the parameter that the values begin with
 * @throws LayersenseError `non_finite_weight` naming the parameter and the element
 */
export function assertFiniteWeights(parameter: string, values: Float32Array, offset = 0): void {
  const index = firstNonFinite(values);
  if (index === undefined) return;
  const element = offset + index;
  throw new LayersenseError(
    'non_finite_weight',
    `${parameter} holds a value that is not finite at element ${element}. The checkpoint is damaged or overflowed when it was converted; no format of it would mean anything.`,
    { parameter, element },
  );
}

/**
 * Finite weights can leave a format's range, as those above 65504 do that of fp16.
 *
 * @param offset element of the parameter that the values begin with
 * @throws LayersenseError `format_overflow` naming the parameter, the element and the format
 */
export function assertFiniteDequantised(
  parameter: string,
  format: string,
  values: Float32Array,
  offset = 0,
): void {
  const index = firstNonFinite(values);
  if (index === undefined) return;
  const element = offset + index;
  throw new LayersenseError(
    'format_overflow',
    `${format} cannot hold ${parameter}: element ${element} becomes ${values[index]}. Leave the parameter out of the format, or take one with scales.`,
    { parameter, element, format },
  );
}

function firstNonFinite(values: Float32Array): number | undefined {
  let sum = 0;
  // Zero times what is not finite is NaN, and a sum keeps it.
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * 0;
  return sum === 0 ? undefined : values.findIndex((value) => !Number.isFinite(value));
}
