import { z } from 'zod';

/** More than these nobody compares in one run: each is a pass over every weight. */
const MOST_FORMATS = 32;

/**
 * Names of numeric formats. What they are, `packages/formats` knows, which this package does not import:
 * who takes a request asks it.
 */
export const FormatNames = z
  .array(
    z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be the name of a numeric format, such as int4_g32'),
  )
  .min(1)
  .max(MOST_FORMATS)
  .refine((names) => new Set(names).size === names.length, 'must not repeat a format')
  .describe(
    'numeric formats by name, such as int4_g32, int8_channel or nvfp4; the first one ranks',
  );

/** Which matrices; the wildcards are those of file names. */
export const ParameterGlobs = z
  .array(z.string().min(1).max(256))
  .min(1)
  .max(64)
  .describe('names of parameters, with * and ? as wildcards; every matrix when absent');

const inFormat = (metrics: readonly string[]) =>
  new RegExp(`^[a-z][a-z0-9_]{0,63}\\.(?:${metrics.join('|')})$`);

/** What a method measures in every format that its spec names. */
export function metricsPerFormat<const Metric extends string>(
  measured: readonly [Metric, ...Metric[]],
) {
  const pattern = inFormat(measured);
  return {
    metricOf: (format: string, metric: Metric): string => `${format}.${metric}`,
    metricsOf: (formats: readonly string[]): [string, ...string[]] => {
      const [first = '', ...others] = formats.flatMap((format) =>
        measured.map((metric) => `${format}.${metric}`),
      );
      return [first, ...others];
    },
    hasMetric: (metric: string): boolean => pattern.test(metric),
    metricNames: measured.map((metric) => `FORMAT.${metric}`).join(', '),
  };
}
