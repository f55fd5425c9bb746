import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../repository.js';

/** Where processes name their metrics, and documents name them again. */
const sources = [
  'apps/api/src/plugins/metrics.ts',
  'apps/worker/src/telemetry/worker-metrics.ts',
].map((path) => readFileSync(root + path, 'utf8'));
const documents = [
  'README.md',
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];

/** With `_bucket`, `_sum` and `_count` where the metric is a histogram. */
const exposed = new Set(
  sources.flatMap((text) =>
    [...text.matchAll(/(?:(Histogram)\(\{\s*)?name: '(layersense_\w+)'/g)].flatMap(
      ([, histogram, name = '']) =>
        histogram ? [name, ...['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)] : [name],
    ),
  ),
);

const named = (document: string): string[] =>
  [...readFileSync(root + document, 'utf8').matchAll(/\blayersense_[a-z]\w*\b/g)].map(
    ([name]) => name,
  );

describe('metrics', () => {
  it.each(documents)('%s names none that no process has', (document) => {
    expect(named(document).filter((name) => !exposed.has(name))).toEqual([]);
  });

  it('are all in the operations manual', () => {
    const explained = named('docs/operations.md').map((name) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    );
    const all = [...exposed].filter((name) => !/_(bucket|sum|count)$/.test(name));
    expect(all.filter((name) => !explained.includes(name))).toEqual([]);
  });
});
