import type { Progress } from '@layersense/contracts';
import { expect, it } from 'vitest';
import { ProgressReporter } from './progress-reporter.js';

it('estimates the time left from finished work, which a new layer alone is none of', async () => {
  let time = 0;
  const told: Progress[] = [];
  const progress = new ProgressReporter(
    (update) => told.push(update),
    () => time,
  );
  const at = async (milliseconds: number, done: number, share: number, layer?: string | null) => {
    time = milliseconds;
    await progress.advance({ done, total: 4 }, share, layer);
    return told.at(-1);
  };
  await progress.begin('computing', { done: 0, total: 4 });
  expect(told.at(-1)).toMatchObject({ layer: null, eta_seconds: null });
  expect(await at(1000, 0, 0, 'embed')).toMatchObject({ layer: 'embed', eta_seconds: null });
  expect(await at(4000, 1, 0.25)).toMatchObject({ layer: 'embed', eta_seconds: 12 });
  expect(await at(6000, 1, 0, 'head')).toMatchObject({ layer: 'head', eta_seconds: 10 });
  expect(await at(20_000, 1, 0)).toMatchObject({ layer: 'head', eta_seconds: 0 });
  expect(await at(30_000, 4, 0.75)).toMatchObject({ layer: null, eta_seconds: 0 });
});
