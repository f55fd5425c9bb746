import { expect, it } from 'vitest';
import { withinTime } from './within-time.js';

it('gives what the body gives', () => {
  expect(withinTime(1000, () => [1, 2])).toEqual([1, 2]);
  const failing = () => {
    throw new TypeError('its own');
  };
  expect(() => withinTime(1000, failing)).toThrow(new TypeError('its own'));
});

it('ends a regular expression that backtracks for ever', () => {
  const endless = () => /^(a+)+$/.test(`${'a'.repeat(64)}!`);
  expect(() => withinTime(100, endless)).toThrow('it was not done after 0.1 s');
  expect(withinTime(1000, () => 'usable again')).toBe('usable again');
});
