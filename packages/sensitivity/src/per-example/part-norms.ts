import { partName } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import { gradientSquaredNorm, type StatisticContext } from './gradient-squared-norm.js';
import type { ParameterUse } from './parameter-uses.js';

/** The slice of a packed weight, along its axis of outputs, that computes some of its outputs. */
export interface ParameterPart {
  readonly name: string;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/**
 * ‖∂ℓₙ/∂W‖² of a parameter and of each of its parts, [batch] each, by name; the whole comes first.
 * Parts hold disjoint outputs, so the squares of theirs add up to that of the whole.
 */
export function normsWithParts(
  context: StatisticContext,
  parameter: string,
  uses: readonly ParameterUse[],
  parts: readonly ParameterPart[] = [],
): ReadonlyMap<string, Value> {
  const { g } = context;
  const { shape } = g.value(parameter);
  const scoped = (name: string, norm: () => Value) => g.scope(`${name}#squared_norm`, norm);
  if (parts.length === 0) {
    return new Map([
      [parameter, scoped(parameter, () => gradientSquaredNorm(context, shape, uses))],
    ]);
  }
  const norms = parts.map((part) => {
    const name = partName(parameter, part.name);
    const partShape = shape.with(part.axis, part.end - part.start);
    const outputs = { ...context, cotangentOf: cotangentOfPart(context, part) };
    return [name, scoped(name, () => gradientSquaredNorm(outputs, partShape, uses))] as const;
  });
  const whole = scoped(parameter, () =>
    norms.map(([, norm]) => norm).reduce((sum, norm) => g.add(sum, norm)),
  );
  return new Map([[parameter, whole], ...norms]);
}

/** The columns of a cotangent that belong to a part's outputs. */
function cotangentOfPart(
  { g, cotangentOf }: StatisticContext,
  { start, end }: ParameterPart,
): StatisticContext['cotangentOf'] {
  const slices = new Map<string, Value>();
  return (output) => {
    const known = slices.get(output.name);
    if (known) return known;
    const bounds = [g.int64([start]), g.int64([end]), g.int64([-1])];
    const slice = g.op('Slice', [cotangentOf(output), ...bounds]);
    slices.set(output.name, slice);
    return slice;
  };
}
