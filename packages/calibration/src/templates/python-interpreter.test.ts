import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { renderTemplate } from './python-interpreter.js';
import { strftime } from './template-globals.js';

interface Rendered {
  readonly template: string;
  /** What Python printed; absent where it raised an error. */
  readonly text?: string;
}

/** From scripts/python/make_template_fixtures.py: what Jinja prints, set up as transformers does. */
const { cases, messages } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../fixtures/templates.json', import.meta.url)), 'utf8'),
) as { cases: Rendered[]; messages: object[] };

/** What Jinja knows and this does not, with the word by which it is refused. */
const REFUSED = new Map([
  ['{{ 1e3 }}', 'Parser Error'],
  ['{{ [1, 2, 3, 4] | batch(2) | list }}', 'filter: batch'],
  ["{{ 'hello world' | truncate(8) }}", 'filter: truncate'],
  ["{{ 'a' | center(5) }}|", 'filter: center'],
  ["{{ 'a b' | urlencode }}", 'filter: urlencode'],
  ["{{ '<p>x</p>' | striptags }}", 'filter: striptags'],
  ["{{ ['a', 'b'] | map('upper') | list }}", 'map'],
  ["{{ [1, 2, 3] | select('odd') | list }}", 'filter: select'],
  ["{{ [1, 2] | reject('odd') | list }}", 'filter: reject'],
  ["{{ {'a': 2.0} | tojson }}", 'tojson of a whole number'],
  ['{%+ if true %}x{% endif +%}\ny', 'Unknown statement'],
  ['{% raw %}{{ x }}{% endraw %}', 'raw'],
  ["{% for m in messages %}{{ loop.cycle('a', 'b') }}{% endfor %}", '"cycle"'],
  ['{% with a = 1 %}{{ a }}{% endwith %}', 'with'],
  ['{{ dict(a=1).a }}', '"dict"'],
]);

function render(template: string): string {
  return renderTemplate(template, {
    messages,
    tools: null,
    documents: null,
    add_generation_prompt: false,
    bos_token: '<s>',
  });
}

describe('templates are rendered as in Python', () => {
  it('of which there are many, and all that are refused', () => {
    expect(cases.length).toBeGreaterThan(80);
    const templates = cases.map(({ template }) => template);
    expect(templates).toEqual(expect.arrayContaining([...REFUSED.keys()]));
  });

  it.each([...REFUSED])('%s is refused', (template, word) => {
    expect(() => render(template)).toThrow(word);
  });

  const known = cases.filter(({ template }) => !REFUSED.has(template));

  it.each(nonEmpty(known.filter(({ text }) => text !== undefined)))(
    '$template',
    ({ template, text }) => {
      expect(render(template)).toBe(text);
    },
  );

  it.each(nonEmpty(known.filter(({ text }) => text === undefined)))(
    '$template is an error',
    ({ template }) => {
      expect(() => render(template)).toThrow();
    },
  );
});

describe('dates', () => {
  const date = new Date(2024, 6, 4, 15, 5, 9);
  it('are written as in Python', () => {
    expect(strftime(date, '%d %b %Y, %A %B %-d %I:%M:%S %p 100%%')).toBe(
      '04 Jul 2024, Thursday July 4 03:05:09 PM 100%',
    );
  });
  it('are refused by the directive that is not known', () => {
    expect(() => strftime(date, '%Y %q')).toThrow('"%q"');
  });
});
