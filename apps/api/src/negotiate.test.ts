import { expect, it } from 'vitest';
import { negotiate } from './negotiate.js';

const offers = ['application/json', 'text/csv', 'application/x-ndjson'] as const;

it.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV; charset=utf-8', 'text/csv'],
  ['text/*', 'text/csv'],
  ['text/csv, application/json', 'text/csv'],
  ['application/json, text/csv', 'application/json'],
  ['application/json;q=0.5, text/csv', 'text/csv'],
  ['text/csv;q=0.2, application/x-ndjson;q=0.8', 'application/x-ndjson'],
  ['text/html, */*;q=0.1', 'application/json'],
  ['*/*, application/json;q=0', 'text/csv'],
  ['application/*;q=0.9, application/json;q=0.1, text/csv;q=0.5', 'application/x-ndjson'],
])('%s is answered as %s', (accept, type) => {
  expect(negotiate(accept, offers)).toBe(type);
});

it.each(['text/html', 'text/csv;q=0', 'application/json;q=2', 'json', 'image/*'])(
  'has nothing for %s',
  (accept) => {
    expect(() => negotiate(accept, offers)).toThrow(
      expect.objectContaining({ code: 'not_acceptable' }),
    );
  },
);
