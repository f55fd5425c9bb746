import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenizerProcess } from './tokenizer-process.js';

/**
 * Every model type, pre-tokenizer, normalizer and post-processor of tokenizer.json. Where nothing else
 * is said, the pieces are those that the library's own tests or documentation give: an npm package of
 * the same library could not otherwise show that it is the one Python uses. Files that Python itself
 * has tokenised are in load-tokenizer.test.ts and added-tokens.test.ts.
 */
let folder: string;
let child: TokenizerProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-features-'));
  child = new TokenizerProcess(10_000);
});
afterAll(async () => {
  await child.close();
  await rm(folder, { recursive: true });
});

async function load(definition: object): Promise<void> {
  const path = join(folder, 'tokenizer.json');
  await writeFile(path, JSON.stringify({ version: '1.0', added_tokens: [], ...definition }));
  await child.call('load', { 'tokenizer.json': path });
}

async function idsOf(text: string): Promise<number[]> {
  return [...(await child.call('text', { text, addSpecialTokens: true }))];
}

/** The pieces that a model without merges sees: they are its vocabulary. */
async function piecesOf(
  settings: object,
  text: string,
  expected: readonly string[],
): Promise<string[]> {
  const vocabulary = ['[UNK]', ...new Set(expected)];
  const vocab = Object.fromEntries(vocabulary.map((piece, id) => [piece, id]));
  await load({ model: { type: 'WordLevel', vocab, unk_token: '[UNK]' }, ...settings });
  return (await idsOf(text)).map((id) => vocabulary[id] ?? String(id));
}

const WORDS = { Regex: '\\w+|[^\\w\\s]+' };
const splitting = (behavior: string, pattern: object = WORDS, invert = true) => ({
  type: 'Split',
  pattern,
  behavior,
  invert,
});
const metaspace = (prepend_scheme: string, split: boolean) => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
  split,
});
const byteLevel = (add_prefix_space: boolean, use_regex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space,
  use_regex,
  trim_offsets: true,
});
const HOW = 'How are you doing?';
const HEY = 'Hey friend!     How are you?!?';

describe('pre-tokenizers', () => {
  it.each([
    [splitting('Removed'), HOW, ['How', 'are', 'you', 'doing', '?']],
    [splitting('Isolated'), HOW, ['How', ' ', 'are', ' ', 'you', ' ', 'doing', '?']],
    [splitting('MergedWithPrevious'), HOW, ['How ', 'are ', 'you ', 'doing', '?']],
    [splitting('MergedWithNext'), HOW, ['How', ' are', ' you', ' doing', '?']],
    [splitting('Contiguous'), HOW, ['How', ' ', 'are', ' ', 'you', ' ', 'doing?']],
    [
      splitting('MergedWithNext', { String: ' ' }, false),
      'c   d',
      // From Python: three bytes and a merged one.
      ['c', ' ', ' ', ' d'],
    ],
    [splitting('Removed', { Regex: '\\R' }, false), 'a\r\nb\u0085c', ['a', 'b', 'c']],
    [splitting('Removed', { Regex: '\\h+' }, false), 'xafz', ['x', 'z']],
    [{ type: 'Whitespace' }, 'Hey man!', ['Hey', 'man', '!']],
    [{ type: 'Whitespace' }, 'a\u0085b', ['a', 'b']],
    [{ type: 'WhitespaceSplit' }, 'Hey, man, Good?', ['Hey,', 'man,', 'Good?']],
    [{ type: 'WhitespaceSplit' }, 'a\u0085b', ['a', 'b']],
    [{ type: 'BertPreTokenizer' }, HEY, ['Hey', 'friend', '!', 'How', 'are', 'you', '?', '!', '?']],
    [
      { type: 'Punctuation', behavior: 'Isolated' },
      HEY,
      ['Hey friend', '!', '     How are you', '?', '!', '?'],
    ],
    [{ type: 'Digits', individual_digits: false }, 'Hey 123 friend!', ['Hey ', '123', ' friend!']],
    [
      { type: 'Digits', individual_digits: true },
      'Hey 123 friend!',
      ['Hey ', '1', '2', '3', ' friend!'],
    ],
    [{ type: 'CharDelimiterSplit', delimiter: '-' }, 'one-two--three', ['one', 'two', 'three']],
    [{ type: 'UnicodeScripts' }, 'どこで生れ。Yes', ['どこで生れ', '。', 'Yes']],
    [{ type: 'UnicodeScripts' }, 'Apples are りんご 林檎', ['Apples are ', 'りんご 林檎']],
    [{ type: 'FixedLength', length: 3 }, 'Hello 👋 world', ['Hel', 'lo ', '👋 w', 'orl', 'd']],
    [metaspace('always', true), 'Hey   friend!', ['▁Hey', '▁', '▁', '▁friend!']],
    [metaspace('first', false), 'Hey my friend', ['▁Hey▁my▁friend']],
    [metaspace('never', true), 'Hey my friend', ['Hey', '▁my', '▁friend']],
    [byteLevel(true, true), 'Hello my', ['ĠHello', 'Ġmy']],
    [byteLevel(false, true), 'Hello my', ['Hello', 'Ġmy']],
    [byteLevel(false, false), 'Hello my', ['HelloĠmy']],
    [byteLevel(true, true), 'a\u0085', ['Ġa', 'Âħ']],
    [
      {
        type: 'Sequence',
        pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Digits', individual_digits: true }],
      },
      'Call 911!',
      ['Call', '9', '1', '1', '!'],
    ],
  ])('%j of %j', async (pre_tokenizer, text, expected) => {
    expect(await piecesOf({ pre_tokenizer }, text, expected)).toEqual(expected);
  });
});

describe('normalizers', () => {
  const accents = 'Héllò hôw are ü?';
  const bert = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  };
  it.each([
    [bert, accents, 'hello how are u?'],
    [{ ...bert, lowercase: false }, accents, accents],
    [{ ...bert, strip_accents: true, lowercase: false }, accents, 'Hello how are u?'],
    [{ ...bert, strip_accents: false }, accents, 'héllò hôw are ü?'],
    [bert, 'a野b', 'a 野 b'],
    [{ type: 'Strip', strip_left: true, strip_right: false }, '  a  ', 'a  '],
    [{ type: 'Lowercase' }, 'ÀB', 'àb'],
    [{ type: 'NFC' }, 'e\u0301', 'é'],
    [{ type: 'NFD' }, 'é', 'e\u0301'],
    [{ type: 'NFKC' }, 'ﬁ①', 'fi1'],
    [{ type: 'NFKD' }, 'ﬁé', 'fie\u0301'],
    [{ type: 'Nmt' }, 'a\u200bb', 'a b'],
    [{ type: 'Replace', pattern: { String: "''" }, content: '"' }, "a''b", 'a"b'],
    [{ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }, 'a   b', 'a b'],
    [{ type: 'Prepend', prepend: '▁' }, 'Hello', '▁Hello'],
    [{ type: 'ByteLevel' }, 'Hello é', 'HelloĠÃ©'],
    [
      { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] },
      accents,
      'Hello how are u?',
    ],
  ])('%j of %j', async (normalizer, text, expected) => {
    expect(await piecesOf({ normalizer }, text, [expected])).toEqual([expected]);
  });
});

describe('models', () => {
  const bpe = (settings: object) => ({
    type: 'BPE',
    vocab: { '<unk>': 0, a: 1, b: 2, ab: 3, '<0xC3>': 4, '<0xA9>': 5, é: 6 },
    merges: [['a', 'b']],
    unk_token: '<unk>',
    ...settings,
  });
  const withoutPiece = { vocab: { '<unk>': 0, a: 1, b: 2, ab: 3, '<0xC3>': 4, '<0xA9>': 5 } };
  const unigram = (settings: object) => ({
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['a', -3],
      ['b', -3],
      ['ab', -1],
      ['<0xC3>', -9],
      ['<0xA9>', -9],
      ...[...Array(256).keys()]
        .map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
        .filter((name) => name !== '<0xC3>' && name !== '<0xA9>')
        .map((name) => [name, -9]),
    ],
    ...settings,
  });
  const pieces = { '[UNK]': 0, un: 1, '##aff': 2, '##able': 3, '##a': 4 };
  const wordPiece = { type: 'WordPiece', vocab: pieces, unk_token: '[UNK]' };
  const words = { type: 'WordLevel', vocab: { '[UNK]': 0, hello: 1 }, unk_token: '[UNK]' };

  it.each([
    ['merges', bpe({}), 'aab', [1, 3]],
    ['an unknown character', bpe(withoutPiece), 'abé', [3, 0]],
    ['unknown ones, one by one', bpe({ fuse_unk: false }), 'xy', [0, 0]],
    ['unknown ones, fused', bpe({ fuse_unk: true }), 'xy', [0]],
    ['bytes of what is unknown', bpe({ ...withoutPiece, byte_fallback: true }), 'é', [4, 5]],
    ['a piece before its bytes', bpe({ byte_fallback: true }), 'é', [6]],
    ['no byte, no fallback', bpe({ byte_fallback: true }), 'ж', [0]],
    ['merges left out', bpe({ merges: [], ignore_merges: true }), 'ab', [3]],
    ['the likeliest pieces', unigram({}), 'abab', [3, 3]],
    ['an unknown character', unigram({}), 'abé', [3, 0]],
    ['bytes of what is unknown', unigram({ byte_fallback: true }), 'abé', [3, 4, 5]],
    [
      'the longest pieces',
      { ...wordPiece, continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      'unaffable',
      [1, 2, 3],
    ],
    [
      'no piece',
      { ...wordPiece, continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      'unaffablex',
      [0],
    ],
    [
      'a word that is too long',
      { ...wordPiece, continuing_subword_prefix: '##', max_input_chars_per_word: 5 },
      'unaffable',
      [0],
    ],
    ['a word', words, 'hello', [1]],
    ['an unknown word', words, 'bye', [0]],
  ])('%s: %j of %j', async (_, model, text, ids) => {
    await load({ model });
    expect(await idsOf(text)).toEqual(ids);
  });
});

describe('post-processors', () => {
  const vocab = { '[UNK]': 0, a: 1, b: 2, '[CLS]': 3, '[SEP]': 4 };
  const model = { type: 'WordLevel', vocab, unk_token: '[UNK]' };
  const [sep, cls] = [
    ['[SEP]', 4],
    ['[CLS]', 3],
  ];
  const roberta = {
    type: 'RobertaProcessing',
    sep,
    cls,
    trim_offsets: true,
    add_prefix_space: false,
  };
  const byteLevelOnly = byteLevel(true, true);
  const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const template = {
    type: 'TemplateProcessing',
    single: [special('[CLS]', 0), { Sequence: { id: 'A', type_id: 0 } }],
    pair: [
      { Sequence: { id: 'A', type_id: 0 } },
      special('[SEP]', 0),
      { Sequence: { id: 'B', type_id: 1 } },
    ],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [3], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [4], tokens: ['[SEP]'] },
    },
  };
  it.each([
    [null, [1], [1, 2], [0, 1]],
    [{ type: 'BertProcessing', sep, cls }, [3, 1, 4], [3, 1, 4, 2, 4], [0, 0, 0, 1, 1]],
    [roberta, [3, 1, 4], [3, 1, 4, 4, 2, 4], [0, 0, 0, 0, 0, 0]],
    [byteLevelOnly, [1], [1, 2], [0, 1]],
    [template, [3, 1], [1, 4, 2], [0, 0, 1]],
    [{ type: 'Sequence', processors: [byteLevelOnly, template] }, [3, 1], [1, 4, 2], [0, 0, 1]],
  ])('%j', async (post_processor, single, ids, segments) => {
    await load({ model, post_processor });
    expect(await idsOf('a')).toEqual(single);
    const pair = await child.call('sequence', { texts: ['a', 'b'], maxLength: 9 });
    expect(pair).toEqual({ ids, segments, truncated: false });
  });

  it('neither cuts nor fills up as tokenizer.json says, which Python does not follow either', async () => {
    const truncation = { direction: 'Right', max_length: 1, strategy: 'LongestFirst', stride: 0 };
    const padding = {
      strategy: { Fixed: 9 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '[UNK]',
    };
    await load({ model, pre_tokenizer: { type: 'Whitespace' }, truncation, padding });
    expect(await idsOf('a b')).toEqual([1, 2]);
  });
});
