import type { MatrixShape } from '../numeric-format.js';

/** Another format, and how many inputs its groups have: 1 where it fits any matrix. */
export interface Alternative {
  readonly name: string;
  readonly groupSize: number;
}

/** Formats that fit any matrix, for those whose own family has none that does. */
export const fitAny: readonly Alternative[] = [
  'int4_channel',
  'int8_channel',
  'fp8_e4m3_channel',
].map((name) => ({ name, groupSize: 1 }));

/**
 * Why groups of `groupSize` inputs do not fit the matrix, and which of the alternatives would;
 * undefined where they do.
 */
export function shapeProblem(
  { name, groupSize }: Alternative,
  shape: MatrixShape,
  alternatives: readonly Alternative[],
): string | undefined {
  const [outputs, inputs] = shape;
  if (![outputs, inputs].every((size) => Number.isSafeInteger(size) && size > 0)) {
    return `${name} is a format of matrices with at least one output and one input, not of [${shape.join(', ')}].`;
  }
  if (inputs % groupSize === 0) return undefined;
  const fitting = alternatives.filter((other) => inputs % other.groupSize === 0);
  const names = fitting.map((other) => other.name).join(' or ');
  return `${name} has groups of ${groupSize} inputs, which do not divide the ${inputs} inputs of [${outputs}, ${inputs}]; ${names} would fit.`;
}
