import { expect, it } from 'vitest';
import { parsePythonJson } from './python-json.js';

it.each([
  ['{"a": Infinity, "b": -Infinity, "c": [NaN]}', { a: Infinity, b: -Infinity, c: [Number.NaN] }],
  ['{"a": {"__float__": "-Infinity"}, "b": NaN}', { a: -Infinity, b: Number.NaN }],
  [
    '{"a": "NaN, Infinity", "Infinity": "\\" -Infinity"}',
    { a: 'NaN, Infinity', Infinity: '" -Infinity' },
  ],
  ['{"a": "say \\"NaN\\"", "b": NaN}', { a: 'say "NaN"', b: Number.NaN }],
  ['{"a": {"__float__": "large"}}', { a: { __float__: 'large' } }],
  ['{"a": {"__float__": "NaN", "b": 1}}', { a: { __float__: 'NaN', b: 1 } }],
  ['NaN', Number.NaN],
  ['[1e400]', [Infinity]],
])('reads %s as Python does', (text, value) => {
  expect(parsePythonJson(text)).toEqual(value);
});

it.each([
  '',
  '{"a": Inf}',
  '{"a": nan}',
  '{"a": NaNa}',
  '{"a": +Infinity}',
  '{NaN: 1}',
  '{"a": NaN',
  '{"a": "NaN',
])('refuses %j, as Python does', (text) => {
  expect(() => parsePythonJson(text)).toThrow(SyntaxError);
});

it('reads hostile text in linear time', () => {
  expect(() => parsePythonJson(`{"a": "${'\\"'.repeat(2_000_000)}`)).toThrow(SyntaxError);
});
