import { wholeOf, withWholes } from '@layersense/contracts';
import type { BatchStatistics } from './fisher-accumulator.js';

/**
 * The statistics with those of packed weights of which parts alone were computed: these hold disjoint
 * elements of the gradient, so the squares of their norms add up to that of the whole.
 */
export function withWholeNorms(statistics: BatchStatistics): BatchStatistics {
  const { squaredNorms: computed } = statistics;
  const names = withWholes([...computed.keys()]);
  if (names.length === computed.size) return statistics;
  const sums = new Map<string, Float64Array>();
  for (const [name, values] of computed) {
    const whole = wholeOf(name);
    if (whole === undefined || computed.has(whole)) continue;
    const sum = sums.get(whole) ?? new Float64Array(values.length);
    sums.set(
      whole,
      sum.map((value, row) => value + (values[row] ?? Number.NaN)),
    );
  }
  const squaredNorms = new Map(
    names.map((name) => [name, computed.get(name) ?? sums.get(name) ?? []]),
  );
  return { ...statistics, squaredNorms };
}

/** The statistics with those of parameters that the loss does not depend on. */
export function withZeroNorms(
  statistics: BatchStatistics,
  parameters: readonly string[],
): BatchStatistics {
  if (parameters.length === 0) return statistics;
  const zeros = new Float64Array(statistics.losses.length);
  const unused = parameters.map((name) => [name, zeros] as const);
  return { ...statistics, squaredNorms: new Map([...statistics.squaredNorms, ...unused]) };
}
