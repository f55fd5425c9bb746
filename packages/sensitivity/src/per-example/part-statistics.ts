import { partName } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import { type GradientStatistics, gradientStatistics } from './gradient-statistics.js';
import type { ParameterUse } from './parameter-uses.js';
import type { StatisticContext } from './statistic-context.js';

/** The slice of a packed weight, along its axis of outputs, that computes some of its outputs. */
export interface ParameterPart {
  readonly name: string;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The statistics of a parameter and of each of its parts, by name; the whole comes first. Parts hold
 * disjoint outputs, so the squares of theirs add up to that of the whole, and the marginals of the
 * whole are not made: by output they are those of the parts in a row, by input their sum.
 */
export function statisticsWithParts(
  context: StatisticContext,
  parameter: string,
  uses: readonly ParameterUse[],
  parts: readonly ParameterPart[] = [],
): ReadonlyMap<string, GradientStatistics> {
  const { g } = context;
  const { shape } = g.value(parameter);
  const scoped = <T>(name: string, statistics: () => T) =>
    g.scope(`${name}#squared_norm`, statistics);
  if (parts.length === 0) {
    return new Map([
      [parameter, scoped(parameter, () => gradientStatistics(context, shape, uses))],
    ]);
  }
  const ofParts = parts.map((part) => {
    const name = partName(parameter, part.name);
    const partShape = shape.with(part.axis, part.end - part.start);
    const outputs = { ...context, cotangentOf: cotangentOfPart(context, part) };
    return [name, scoped(name, () => gradientStatistics(outputs, partShape, uses))] as const;
  });
  const whole = scoped(parameter, () =>
    ofParts.map(([, { squaredNorm }]) => squaredNorm).reduce((sum, norm) => g.add(sum, norm)),
  );
  return new Map([[parameter, { squaredNorm: whole }], ...ofParts]);
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
