import { describe, expect, it } from 'vitest';
import { chooseFormat, flaggedFormats } from './score-format.js';

describe('chooseFormat', () => {
  it.each([
    [{}, undefined, 'table'],
    [{}, 'a/b.JSON', 'json'],
    [{}, 'b.csv', 'csv'],
    [{}, 'b.ndjson', 'ndjson'],
    [{}, 'b.txt', 'table'],
    [{}, 'b.data', 'table'],
    [{ json: false, csv: true }, 'b.json', 'csv'],
  ])('follows the flag, then the extension, then shows a table: %j, %s', (flags, out, name) => {
    expect(chooseFormat(flags, out).name).toBe(name);
  });

  it('refuses two formats', () => {
    expect(() => chooseFormat({ json: true, csv: true }, undefined)).toThrow(
      '--json and --csv exclude each other.',
    );
  });
});

it('has a flag for every format that programs read', () => {
  expect(flaggedFormats.map(({ name }) => name)).toEqual(['json', 'csv', 'ndjson']);
});
