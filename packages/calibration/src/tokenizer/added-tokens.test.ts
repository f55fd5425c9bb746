import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenizerFilesIn } from './tokenizer-files.js';
import { TokenizerProcess } from './tokenizer-process.js';
import type { TokenizerDescription } from './tokenizer-protocol.js';

const compat = fileURLToPath(new URL('../../fixtures/compat', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

let scratch: string;
let child: TokenizerProcess;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-added-tokens-'));
  child = new TokenizerProcess(10_000);
});
afterAll(async () => {
  await child.close();
  await rm(scratch, { recursive: true });
});

async function load(files: Readonly<Record<string, object>>): Promise<TokenizerDescription> {
  const folder = await mkdtemp(join(scratch, 'files-'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  return child.call('load', await tokenizerFilesIn(folder));
}

async function idsOf(text: string, addSpecialTokens = false): Promise<number[]> {
  return [...(await child.call('text', { text, addSpecialTokens }))];
}

/** Ids that Python's tokenizers and AutoTokenizer of transformers 5.18.0 gave for the same files. */
describe('files that Python tokenised', () => {
  it.each([
    ['tokenizer_unigram_bytefallback', '6 é 🦙', [3, 116, 3, 257, 231, 3, 302, 221, 228, 215]],
    ['tokenizer_split_mergenext', 'c   d', [70, 224, 224, 320]],
    ['tokenizer_atd_only', 'hello<|im_end|>', [267, 79, 79, 82, 401]],
  ])('%s', async (name, text, python) => {
    await child.call('load', await tokenizerFilesIn(join(compat, name)));
    expect(await idsOf(text)).toEqual(python);
  });
});

/** hello is [267, 79, 79, 82] as above; the vocabulary ends at 399, so that new tokens start at 400. */
describe('where a token may come from', () => {
  const definition = read(join(compat, 'tokenizer_atd_only/tokenizer.json'));
  const HELLO = [267, 79, 79, 82];
  const flags = {
    lstrip: false,
    rstrip: false,
    normalized: false,
    single_word: false,
    special: true,
  };
  const token = (content: string, others: object = {}) => ({ content, ...flags, ...others });

  it.each<[string, Readonly<Record<string, object>>]>([
    [
      'additional_special_tokens',
      { 'tokenizer_config.json': { additional_special_tokens: ['<x>'] } },
    ],
    ['extra_special_tokens', { 'tokenizer_config.json': { extra_special_tokens: ['<x>'] } }],
    ['… by name', { 'tokenizer_config.json': { extra_special_tokens: { image_token: '<x>' } } }],
    ['a new eos_token', { 'tokenizer_config.json': { eos_token: '<x>' } }],
    [
      'a new pad_token with flags',
      { 'tokenizer_config.json': { pad_token: { __type: 'AddedToken', ...token('<x>') } } },
    ],
    ['a token of another name', { 'tokenizer_config.json': { image_token: '<x>' } }],
    [
      'added_tokens_decoder, at any id',
      { 'tokenizer_config.json': { added_tokens_decoder: { 7000: token('<x>') } } },
    ],
    ['added_tokens.json', { 'added_tokens.json': { '<x>': 400 } }],
    ['special_tokens_map.json', { 'special_tokens_map.json': { eos_token: token('<x>') } }],
    ['… in a list', { 'special_tokens_map.json': { additional_special_tokens: ['<x>'] } }],
  ])('%s', async (_, files) => {
    const plain = await load({ 'tokenizer.json': definition });
    expect(await idsOf('hello<x>')).not.toContain(400);
    const added = await load({ 'tokenizer.json': definition, ...files });
    expect(await idsOf('hello<x>')).toEqual([...HELLO, 400]);
    expect(added.sha256).not.toBe(plain.sha256);
  });

  it('gives new tokens the next ids: by their listed ids, then named, then further ones', async () => {
    const { specialIds } = await load({
      'tokenizer.json': definition,
      'tokenizer_config.json': {
        extra_special_tokens: ['<e>'],
        pad_token: '<d>',
        eos_token: '<c>',
        added_tokens_decoder: { 900: token('<b>'), 800: token('<a>', { special: false }) },
      },
    });
    expect(await idsOf('<e><d><c><b><a>')).toEqual([404, 403, 402, 401, 400]);
    expect([401, 402, 403].every((id) => specialIds.includes(id))).toBe(true);
    expect(specialIds).not.toContain(400);
  });

  it('does not read the older files where tokenizer_config.json lists the tokens', async () => {
    await load({
      'tokenizer.json': definition,
      'tokenizer_config.json': { added_tokens_decoder: {} },
      'added_tokens.json': { '<x>': 400 },
      'special_tokens_map.json': { eos_token: '<y>' },
    });
    expect(await idsOf('<x><y>')).not.toContain(400);
  });

  it('lets added_tokens_decoder change how a token of tokenizer.json is found', async () => {
    const files = (others: object) => ({
      'tokenizer.json': definition,
      'tokenizer_config.json': { added_tokens_decoder: { 2: token('</s>', others) } },
    });
    await load(files({}));
    expect(await idsOf('</s> hello')).not.toEqual([2, ...HELLO]);
    await load(files({ rstrip: true }));
    expect(await idsOf('</s> hello')).toEqual([2, ...HELLO]);
    await load(files({ single_word: true }));
    expect(await idsOf('a</s>a')).not.toContain(2);
  });

  it('keeps the id of a token that the vocabulary holds', async () => {
    const { specialIds } = await load({
      'tokenizer.json': definition,
      'tokenizer_config.json': { additional_special_tokens: ['he', '<x>'] },
    });
    expect(await idsOf('hello<x>')).toEqual([...HELLO, 400]);
    expect([267, 400].every((id) => specialIds.includes(id))).toBe(true);
  });
});

describe('settings of tokenizer_config.json that the class obeys', () => {
  const fixture = (name: string) =>
    read(
      fileURLToPath(new URL(`../../fixtures/tokenizers/${name}/tokenizer.json`, import.meta.url)),
    );

  it('do_lower_case of BertTokenizer', async () => {
    const files = (settings: object) => ({
      'tokenizer.json': fixture('bert'),
      'tokenizer_config.json': { tokenizer_class: 'BertTokenizer', ...settings },
    });
    const { sha256 } = await load(files({ do_lower_case: true }));
    const lower = await idsOf('the');
    expect(await idsOf('THE')).toEqual(lower);
    const cased = await load(files({ do_lower_case: false }));
    expect(await idsOf('the')).toEqual(lower);
    expect(await idsOf('THE')).not.toEqual(lower);
    expect(cased.sha256).not.toBe(sha256);
  });

  it.each([
    ['GPT2Tokenizer', 'gpt2', true],
    ['LlamaTokenizerFast', 'llama2', false],
    ['LlamaTokenizer', 'llama2-metaspace', false],
  ])('add_prefix_space of %s', async (tokenizer_class, name, add_prefix_space) => {
    const files = (settings: object) => ({
      'tokenizer.json': fixture(name),
      'tokenizer_config.json': { tokenizer_class, ...settings },
    });
    await load(files({}));
    const [spaced, plain] = [await idsOf(' hello'), await idsOf('hello')];
    await load(files({ add_prefix_space }));
    const [text, ids] = add_prefix_space ? ['hello', spaced] : [' hello', plain];
    expect(await idsOf(text)).toEqual(ids);
  });

  it('leaves tokenizer.json as it is for other classes', async () => {
    await load({
      'tokenizer.json': fixture('bert'),
      'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast', do_lower_case: false },
    });
    expect(await idsOf('THE')).toEqual(await idsOf('the'));
  });

  it('puts the first token of CodeLlama where there is no post-processor', async () => {
    const definition = { ...fixture('llama2'), post_processor: null };
    const files = (tokenizer_class: string) => ({
      'tokenizer.json': definition,
      'tokenizer_config.json': { tokenizer_class, bos_token: '<s>', add_bos_token: true },
    });
    await load(files('LlamaTokenizer'));
    const plain = await idsOf('hello', true);
    await load(files('CodeLlamaTokenizer'));
    expect(await idsOf('hello', true)).toEqual([1, ...plain]);
  });
});
