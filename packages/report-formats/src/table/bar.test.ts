import { describe, expect, it } from 'vitest';
import { bar } from './bar.js';

describe('bar', () => {
  it.each([
    [0, ''],
    [0.5, '██'],
    [0.53125, '██▏'],
    [1, '████'],
    [7, '████'],
  ])('%s of 4 characters', (share, text) => expect(bar(share, 4)).toBe(text));
});
