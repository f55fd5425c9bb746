import { type ErrorCode, errorCodes, LayersenseError } from '@layersense/contracts';
import { nonEmpty } from '@layersense/testing';
import { expect, it } from 'vitest';
import { toJobFailure } from './to-job-failure.js';

it.each(nonEmpty(Object.keys(errorCodes) as ErrorCode[]))(
  '%s keeps its code and retries as catalogued',
  (code) => {
    const { problem, retry } = toJobFailure(new LayersenseError(code, 'What to do.', { at: 3 }));
    expect(problem).toMatchObject({ code, detail: 'What to do.', context: { at: 3 } });
    expect(retry).toBe(errorCodes[code].retryable);
  },
);

it('says out of memory when a buffer could not be allocated', () => {
  const allocate = () => new ArrayBuffer(2 ** 52);
  let thrown: unknown;
  try {
    allocate();
  } catch (error) {
    thrown = error;
  }
  expect(toJobFailure(thrown)).toMatchObject({ problem: { code: 'out_of_memory' }, retry: false });
});

it('calls anything else internal, keeps its words to the log and does not try it again', () => {
  const { problem, retry } = toJobFailure(new TypeError('the password is hunter2'));
  expect(problem.code).toBe('internal');
  expect(JSON.stringify(problem)).not.toContain('hunter2');
  expect(retry).toBe(false);
});
