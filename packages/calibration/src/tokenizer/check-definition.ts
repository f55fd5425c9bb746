import { isJsonObject, type JsonObject } from './read-json-object.js';

/** The largest vocabularies have 262,144 tokens. */
const MAX_TOKENS = 2 ** 22;

/** What is wrong with a tokenizer.json that the tokenizers library may accept, or undefined. */
export function problemWithDefinition(definition: JsonObject): string | undefined {
  if (!isJsonObject(definition.model)) return 'it has no "model"';
  return problemWithTokenIds(definition) ?? problemWithFixedLength(definition.pre_tokenizer);
}

function problemWithTokenIds({ model, added_tokens }: JsonObject): string | undefined {
  const vocabulary = isJsonObject(model) ? model.vocab : undefined;
  const listed = isJsonObject(vocabulary) ? Object.entries(vocabulary) : [];
  const added: unknown = added_tokens ?? [];
  if (!Array.isArray(added)) return '"added_tokens" is no list';
  for (const token of added) {
    if (!isJsonObject(token) || typeof token.content !== 'string') {
      return '"added_tokens" has an entry without "content"';
    }
    listed.push([token.content, token.id]);
  }
  const wrong = listed.find(([, id]) => !isTokenId(id));
  return wrong && `the token ${JSON.stringify(wrong[0])} has the id ${JSON.stringify(wrong[1])}`;
}

function isTokenId(id: unknown): boolean {
  return Number.isSafeInteger(id) && Number(id) >= 0 && Number(id) < MAX_TOKENS;
}

/** Pieces of no characters end the library's process. */
function problemWithFixedLength(preTokenizer: unknown): string | undefined {
  const found = componentsIn(preTokenizer).some(
    ({ type, length }) => type === 'FixedLength' && length === 0,
  );
  return found ? 'its pre-tokenizer FixedLength has the "length" 0' : undefined;
}

/** What version 0.23 of the tokenizers library knows, by key of tokenizer.json. */
const KNOWN_TYPES = {
  model: ['BPE', 'WordPiece', 'WordLevel', 'Unigram'],
  normalizer: [
    'BertNormalizer',
    'Strip',
    'StripAccents',
    'NFC',
    'NFD',
    'NFKC',
    'NFKD',
    'Sequence',
    'Lowercase',
    'Nmt',
    'Precompiled',
    'Replace',
    'Prepend',
    'ByteLevel',
  ],
  pre_tokenizer: [
    'BertPreTokenizer',
    'ByteLevel',
    'CharDelimiterSplit',
    'Metaspace',
    'Whitespace',
    'Sequence',
    'Split',
    'Punctuation',
    'WhitespaceSplit',
    'Digits',
    'UnicodeScripts',
    'FixedLength',
  ],
  post_processor: [
    'BertProcessing',
    'RobertaProcessing',
    'ByteLevel',
    'TemplateProcessing',
    'Sequence',
  ],
  decoder: [
    'BPEDecoder',
    'ByteLevel',
    'WordPiece',
    'Metaspace',
    'CTC',
    'Sequence',
    'Replace',
    'Fuse',
    'Strip',
    'ByteFallback',
  ],
} as const;

/**
 * What tokenizer.json or its configuration asks for that cannot be done, named by key and value;
 * undefined where all can.
 */
export function unsupportedFeature(definition: JsonObject, config: JsonObject): string | undefined {
  for (const [key, known] of Object.entries(KNOWN_TYPES)) {
    for (const { type } of componentsIn(definition[key])) {
      if (typeof type === 'string' && !known.some((name) => name === type)) {
        return `the ${key} type ${JSON.stringify(type)}`;
      }
    }
  }
  const { version, model } = definition;
  if (typeof version === 'string' && version !== '1.0') {
    return `the format version ${JSON.stringify(version)}`;
  }
  // Dropout leaves merges out by chance, and the same text has other tokens every time.
  if (isJsonObject(model) && typeof model.dropout === 'number' && model.dropout > 0) {
    return `a model with "dropout": ${model.dropout}`;
  }
  return config.split_special_tokens === true ? '"split_special_tokens": true' : undefined;
}

/** A component of tokenizer.json and, where it is a sequence, all that it consists of. */
export function componentsIn(component: unknown): JsonObject[] {
  if (!isJsonObject(component)) return [];
  const { normalizers, pretokenizers, processors, decoders } = component;
  const parts = [normalizers, pretokenizers, processors, decoders].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  return [component, ...parts.flatMap(componentsIn)];
}
