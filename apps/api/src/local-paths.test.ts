import { JobSpec } from '@layersense/contracts';
import { expect, it } from 'vitest';
import { assertPathsAllowed } from './local-paths.js';

const request = (model: string, dataset = 'gsm8k') =>
  JobSpec.parse({ model, method: 'fisher', dataset: { name: dataset } });

it.each([
  ['org/model.onnx', 'gsm8k'],
  ['.hidden/model', 'gsm8k'],
  ['~/model', 'gsm8k'],
  ['org/name', 'rows.csv'],
  ['org/name', 'data/rows'],
])('refuses %s on %s, as the worker would', (model, dataset) => {
  expect(() => assertPathsAllowed(request(model, dataset), ['/models'])).toThrow(
    expect.objectContaining({ code: 'path_not_allowed' }),
  );
});

it('lets through what lies below a root and what is no path', () => {
  for (const model of ['/models/org/model.onnx', 'org/name', 'gpt2']) {
    expect(() => assertPathsAllowed(request(model), ['/models'])).not.toThrow();
  }
});
