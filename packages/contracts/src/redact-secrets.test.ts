import { expect, it } from 'vitest';
import { LayersenseError } from './error-codes.js';
import { toProblem } from './problem.js';
import { redactSecrets } from './redact-secrets.js';

it.each([
  [
    'connect to postgres://me:pa%40ss@db:5432/x failed',
    'connect to postgres://***@db:5432/x failed',
  ],
  ['rediss://:hunter2@cache:6380/2', 'rediss://***@cache:6380/2'],
  [`ls_AbCd1234_${'x'.repeat(49)} is revoked`, 'ls_AbCd1234_*** is revoked'],
  [`whsec_${'Zm9v'.repeat(10)}==`, 'whsec_***'],
  [`token hf_${'a1'.repeat(17)}.`, 'token hf_***.'],
  ['{"authorization":"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"}', '{"authorization":"Bearer ***"}'],
  ['authorization: Basic dXNlcjpwYXNzd29yZA==', 'authorization: Basic ***'],
])('takes the secret out of %s', (text, redacted) => {
  expect(redactSecrets(text)).toBe(redacted);
});

it.each([
  'hf_internal_testing/tiny-random-llama at https://huggingface.co/org/name',
  'someone@example.org wrote postgres://db:5432/x',
  'Basic understanding of Bearer realm="layersense"',
])('leaves %s as it is', (text) => {
  expect(redactSecrets(text)).toBe(text);
});

it('is quick with text that was made to be slow', () => {
  const text = `${'a'.repeat(100_000)}://${'b'.repeat(100_000)}`.repeat(3);
  expect(redactSecrets(text)).toBe(text);
});

it('is applied to every problem', () => {
  const url = 'postgres://me:hunter2@db/x';
  const error = new LayersenseError('internal', `Cannot reach ${url}`, { url, pending: [url] });
  expect(JSON.stringify(toProblem(error))).not.toContain('hunter2');
});
