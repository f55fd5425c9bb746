/** Words of the tokenizer below, from id 5 on. */
const WORDS =
  'a the film was is very not good bad fair dull bright long short plot actors music ending begins ends well badly and but or then i we they saw liked hated it again never always with without heart ##s ##ly ##ed ! . , ?'.split(
    ' ',
  );

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

export const MASK = SPECIAL.indexOf('[MASK]');

const content = (token: string, id: number) => ({
  id,
  content: token,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });

/** A WordPiece tokenizer for the vocabulary of 56 tokens that the BERT fixtures have. */
export const bertTokenizer = {
  version: '1.0',
  added_tokens: SPECIAL.map(content),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
    pair: [
      special('[CLS]', 0),
      sequence('A', 0),
      special('[SEP]', 0),
      sequence('B', 1),
      special('[SEP]', 1),
    ],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries([...SPECIAL, ...WORDS].map((token, id) => [token, id])),
  },
};

export const bertTokenizerConfig = {
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  mask_token: '[MASK]',
  unk_token: '[UNK]',
};

/** The ids of a text of known words without its special tokens. */
export const idsOf = (text: string): number[] =>
  text.split(' ').map((word) => SPECIAL.length + WORDS.indexOf(word));

const bert = { model_type: 'bert', max_position_embeddings: 32, pad_token_id: 0 };

export const maskedLmConfig = { ...bert, architectures: ['BertForMaskedLM'] };

export const classifierConfig = {
  ...bert,
  architectures: ['BertForSequenceClassification'],
  label2id: { bad: 0, fair: 1, good: 2 },
};
