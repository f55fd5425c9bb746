import { describe, expect, it } from 'vitest';
import { chooseFormat } from './score-format.js';

describe('chooseFormat', () => {
  const none = { json: false, csv: false, out: undefined };

  it('follows the flag, then the extension, then shows a table', () => {
    expect(chooseFormat(none)).toBe('table');
    expect(chooseFormat({ ...none, out: 'a/b.JSON' })).toBe('json');
    expect(chooseFormat({ ...none, out: 'b.csv' })).toBe('csv');
    expect(chooseFormat({ ...none, out: 'b.txt' })).toBe('table');
    expect(chooseFormat({ ...none, csv: true, out: 'b.json' })).toBe('csv');
  });

  it('refuses two formats', () => {
    expect(() => chooseFormat({ json: true, csv: true, out: undefined })).toThrow('exclude');
  });
});
