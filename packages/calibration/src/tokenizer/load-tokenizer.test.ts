import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nonEmpty } from '@layersense/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../raw-example.js';
import { loadTokenizer, type Tokenizer } from './load-tokenizer.js';
import { tokenizerFilesIn } from './tokenizer-files.js';

const fixtures = fileURLToPath(new URL('../../fixtures/tokenizers', import.meta.url));
const json = <T>(path: string): T => JSON.parse(readFileSync(join(fixtures, path), 'utf8')) as T;

/** A tokenizer's folder and the file with Python's ids. */
const tokenizers = [
  ...readdirSync(fixtures, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [name, join(fixtures, name), `${name}/expected.json`] as const),
  [
    'the demo model',
    fileURLToPath(new URL('../../../../demo/model', import.meta.url)),
    'demo-model.expected.json',
  ] as const,
];

const open: Tokenizer[] = [];
afterEach(() => Promise.all(open.splice(0).map((tokenizer) => tokenizer.close())));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-tokenizer-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Writes the given files (text, or a value as JSON) into a folder of its own and loads them. */
async function load(files: Readonly<Record<string, unknown>>): Promise<Tokenizer> {
  const folder = await mkdtemp(join(scratch, 'files-'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
  }
  return opened(folder);
}

async function opened(folder: string): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(await tokenizerFilesIn(folder));
  open.push(tokenizer);
  return tokenizer;
}

interface Golden {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ids_no_special: readonly number[];
}

describe.each(tokenizers)('%s', (_, folder, expected) => {
  const golden = json<Golden[]>(expected);

  it('encodes every text as Python does', async () => {
    const tokenizer = await opened(folder);
    expect(golden.length).toBeGreaterThan(20);
    for (const { text, ids, ids_no_special } of golden) {
      expect(await tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      const plain = await tokenizer.encode(text, { addSpecialTokens: false });
      expect(plain, JSON.stringify(text)).toEqual(ids_no_special);
    }
  });

  it('has the digest of tokenizer.json where no other file adds anything', async () => {
    const tokenizer = await opened(folder);
    const bytes = readFileSync(join(folder, 'tokenizer.json'));
    expect(tokenizer.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

const gpt2 = json<{ added_tokens: object[]; pre_tokenizer: object; model: object }>(
  'gpt2/tokenizer.json',
);
const digits = (individual_digits: boolean) => ({
  ...gpt2,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits }, gpt2.pre_tokenizer],
  },
});

describe("character classes that differ between JavaScript and Python's tokenizers", () => {
  it.each([
    ['white space around U+FEFF', gpt2, "\uFEFF's", [172, 120, 124, 7, 83]],
    ['white space before U+0085', gpt2, 'a  \u0085b', [65, 280, 127, 228, 66]],
    ['a contraction after U+0085', gpt2, "it\u0085's", [73, 84, 127, 228, 464]],
    ['fractions, one by one', digits(true), 'a  ½', [65, 280, 127, 122]],
    [
      'digits, one by one',
      digits(true),
      '1234 ৪৪',
      [17, 18, 19, 20, 221, 157, 101, 104, 157, 101, 104],
    ],
    ['fractions, together', digits(false), 'a  ½', [65, 280, 127, 122]],
    [
      'digits, together',
      digits(false),
      '1234 ৪৪',
      [17, 469, 20, 221, 157, 101, 104, 157, 101, 104],
    ],
  ])('%s', async (_, definition, text, python) => {
    const tokenizer = await load({ 'tokenizer.json': definition });
    expect(await tokenizer.encode(text)).toEqual(python);
  });
});

describe('settings that few tokenizers have', () => {
  const added = (flags: object) => ({
    ...gpt2,
    added_tokens: [
      ...gpt2.added_tokens,
      { ...gpt2.added_tokens[0], id: 480, content: 'QQ', special: false, ...flags },
    ],
  });
  const stripping = { ...gpt2, normalizer: { type: 'Strip', strip_left: true, strip_right: true } };
  const prefixing = { ...gpt2, pre_tokenizer: { ...gpt2.pre_tokenizer, add_prefix_space: true } };

  it.each([
    ['a whole word', added({ single_word: true }), 'QQhello', [49, 49, 257, 383, 79]],
    ['whole words', added({ single_word: true }), 'QQ hello', [480, 353, 383, 79]],
    [
      'U+FEFF is no white space',
      added({ rstrip: true }),
      'QQ\uFEFFhello',
      [480, 172, 120, 124, 257, 383, 79],
    ],
    ['swallowed white space', added({ rstrip: true }), 'QQ \n hello', [480, 257, 383, 79]],
    ['a stripped text with U+FEFF', stripping, '\uFEFFhello', [172, 120, 124, 257, 383, 79]],
    ['stripped texts', stripping, ' hello ', [257, 383, 79]],
    ['a prefix space next to U+FEFF', prefixing, "\uFEFF's", [221, 172, 120, 124, 7, 83]],
    ['a prefix space', prefixing, 'hello', [353, 383, 79]],
  ])('%s', async (_, definition, text, python) => {
    const tokenizer = await load({ 'tokenizer.json': definition });
    expect(await tokenizer.encode(text)).toEqual(python);
  });
});

interface RenderedChat {
  readonly name: string;
  readonly chat_template: string;
  readonly messages: readonly ChatMessage[];
  readonly bos_token: string | null;
  readonly eos_token: string | null;
  readonly add_generation_prompt: boolean;
  readonly rendered: string;
}

describe('chat templates', () => {
  const complete = nonEmpty(
    json<RenderedChat[]>('chat-templates.json').filter((chat) => !chat.add_generation_prompt),
  );
  const messages: readonly ChatMessage[] = [
    { role: 'user', content: 'Q' },
    { role: 'assistant', content: 'A' },
  ];
  const withConfig = (config: object) =>
    load({ 'tokenizer.json': gpt2, 'tokenizer_config.json': config });

  it.each(complete.map((chat, i) => [chat.name, i, chat] as const))(
    '%s %i renders as in Python',
    async (_name, _i, { rendered, messages: turns, ...config }) => {
      expect(await (await withConfig(config)).renderChat(turns)).toBe(rendered);
    },
  );

  it('takes special tokens from objects and from special_tokens_map.json', async () => {
    const tokenizer = await load({
      'tokenizer.json': gpt2,
      'tokenizer_config.json': {
        chat_template: '{{ bos_token }}{{ eos_token }}{{ pad_token }}',
        bos_token: { content: '<s>', lstrip: false },
        pad_token: null,
      },
      'special_tokens_map.json': { bos_token: '<old>', eos_token: { content: '</s>' } },
    });
    expect(await tokenizer.renderChat(messages)).toBe('<old></s>');
  });

  it('prefers chat_template.jinja, and the template named default', async () => {
    const chat_template = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: '{{ messages[1].content }}' },
    ];
    expect(await (await withConfig({ chat_template })).renderChat(messages)).toBe('A');
    const both = await load({
      'tokenizer.json': gpt2,
      'tokenizer_config.json': { chat_template },
      'chat_template.jinja': '{{ messages[0].content }}!',
    });
    expect(await both.renderChat(messages)).toBe('Q!');
  });

  it.each([
    ['no template', {}, 'chat_template_missing', 'the tokenizer has none'],
    [
      'none named default',
      { chat_template: [{ name: 'rag', template: 'x' }] },
      'chat_template_missing',
      'only ones named rag',
    ],
    [
      'a refusal',
      { chat_template: "{{ raise_exception('roles must alternate') }}" },
      'tokenizer_invalid',
      'roles must alternate',
    ],
    ['broken Jinja', { chat_template: '{% for %}' }, 'tokenizer_invalid', 'cannot render'],
  ])('refuses %s', async (_, config, code, message) => {
    const tokenizer = await withConfig(config);
    await expect(tokenizer.renderChat(messages)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('files', () => {
  const split = (Regex: string) => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  });

  it('says what to do without a tokenizer.json', async () => {
    await expect(load({ 'config.json': {} })).rejects.toMatchObject({
      code: 'tokenizer_missing',
      message: expect.stringContaining('no tokenizer.json. Put the tokenizer beside the model'),
    });
    await expect(load({ 'tokenizer.model': 'x', 'config.json': {} })).rejects.toMatchObject({
      code: 'tokenizer_missing',
      message: expect.stringContaining('It has tokenizer.model, which belong to a slow tokenizer'),
    });
  });

  it.each([
    ['no JSON', '{"model": '],
    ['no object', '[]'],
    ['no model', '{"added_tokens": []}'],
    ['a regular expression that is none', { ...gpt2, pre_tokenizer: split('(') }],
    ['pieces of no characters', { ...gpt2, pre_tokenizer: { type: 'FixedLength', length: 0 } }],
    [
      'what ends the process',
      { ...gpt2, normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
    ],
  ])('refuses a tokenizer.json with %s', async (_, definition) => {
    await expect(load({ 'tokenizer.json': definition })).rejects.toMatchObject({
      code: 'tokenizer_invalid',
      message: expect.stringContaining('tokenizer.json is not a valid tokenizer file'),
    });
  });

  it.each([
    ['the model type "Telepathy"', { ...gpt2, model: { type: 'Telepathy' } }],
    ['the pre_tokenizer type "Telepathy"', { ...gpt2, pre_tokenizer: { type: 'Telepathy' } }],
    ['the format version "2.0"', { ...gpt2, version: '2.0' }],
    ['"dropout": 0.1', { ...gpt2, model: { ...gpt2.model, dropout: 0.1 } }],
  ])('refuses %s by its name', async (feature, definition) => {
    await expect(load({ 'tokenizer.json': definition })).rejects.toMatchObject({
      code: 'tokenizer_unsupported',
      message: expect.stringContaining(feature),
    });
  });

  it('refuses a broken tokenizer_config.json and names it', async () => {
    await expect(
      load({ 'tokenizer.json': gpt2, 'tokenizer_config.json': '{' }),
    ).rejects.toMatchObject({
      code: 'tokenizer_invalid',
      message: expect.stringContaining('tokenizer_config.json'),
    });
  });
});
