import { expect, it } from 'vitest';
import { LayersenseError } from './error-codes.js';
import { printable } from './printable.js';
import { toProblem } from './problem.js';

it.each([
  ['NUL', 'a\0b', 'a\uFFFDb'],
  ['what moves the cursor of a terminal', '\x1b[2Ja\rb\x9b', '\uFFFD[2Ja\uFFFDb\uFFFD'],
  ['halves of pairs', '\ud83da\udd99', '\uFFFDa\uFFFD'],
])('takes out %s', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('leaves pairs, lines and tabs', () => {
  const text = 'a 🦙\n\té\u2028';
  expect(printable(text)).toBe(text);
});

it('is done to all that a problem says', () => {
  const error = new LayersenseError('dataset_malformed', 'line 2: "\0"', {
    tensor: 'a\0',
    tensors: ['\ud800'],
  });
  expect(toProblem(error)).toMatchObject({
    detail: 'line 2: "\uFFFD"',
    context: { tensor: 'a\uFFFD', tensors: ['\uFFFD'] },
  });
});
