import type { LayerScore } from '@layersense/contracts';
import { type Column, columns } from './columns.js';
import { formatCount, formatValue } from './quantity.js';

/** A number format, or an assignment of formats, with the metric of the run for each of its measures. */
interface Variant {
  readonly name: string;
  readonly metrics: ReadonlyMap<string, string>;
}

/**
 * What a run's metrics are of, where each is that of a format or an assignment by its name,
 * `int4_g32.kl` being the pattern; undefined where they are not.
 */
export function variantsIn(metrics: readonly string[]): readonly Variant[] | undefined {
  const variants = new Map<string, Map<string, string>>();
  for (const metric of metrics) {
    const [, name, measure] = /^(\w+)\.(\w+)$/.exec(metric) ?? [];
    if (name === undefined || measure === undefined) return undefined;
    variants.set(name, (variants.get(name) ?? new Map()).set(measure, metric));
  }
  return [...variants].map(([name, ofVariant]) => ({ name, metrics: ofVariant }));
}

/** A line for every score and variant, with the measures side by side; `top` scores of them. */
export function variantRows(
  variants: readonly Variant[],
  scores: readonly LayerScore[],
  top: number,
): readonly string[] {
  const [ranking] = variants.flatMap(({ metrics }) => [...metrics.values()]);
  const errorOf = (score: LayerScore, metric: string) =>
    (metric === ranking ? score.standard_error : undefined) ??
    score.other_metrics?.[metric]?.standard_error;
  const ranked = scores.toSorted((left, right) => left.rank - right.rank);
  const measures = [...new Set(variants.flatMap(({ metrics }) => [...metrics.keys()]))];
  const withErrors = new Set(
    variants.flatMap(({ metrics }) =>
      [...metrics].flatMap(([measure, metric]) =>
        scores.some((score) => errorOf(score, metric) !== undefined) ? [measure] : [],
      ),
    ),
  );
  const header: Column[] = [
    { title: 'layer' },
    { title: 'in' },
    ...measures.flatMap((title): Column[] => [
      { title, align: 'right' },
      ...(withErrors.has(title) ? [{ title: '± s.e.', align: 'right' } as const] : []),
    ]),
  ];
  const rows = ranked.slice(0, top).flatMap((score) =>
    variants.map(({ name, metrics }) => [
      score.layer,
      name,
      ...measures.flatMap((measure) => {
        const metric = metrics.get(measure) ?? '';
        const value = formatValue(score.values[metric]);
        return withErrors.has(measure) ? [value, formatValue(errorOf(score, metric))] : [value];
      }),
    ]),
  );
  const hidden = ranked.length - top;
  return [...columns(header, rows), ...(hidden > 0 ? [`… ${formatCount(hidden)} more`] : [])];
}
