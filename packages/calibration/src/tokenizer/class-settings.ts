import { componentsIn } from './check-definition.js';
import { isJsonObject, type JsonObject } from './read-json-object.js';

/** Classes that put text into lower case, strip accents and set Chinese characters apart. */
const BERT = ['Bert', 'DistilBert', 'Electra', 'MobileBert', 'MPNet', 'LayoutLM', 'ConvBert'];
/** Classes whose byte-level pre-tokenizer puts a space before a text, or does not. */
const BYTE_LEVEL = ['GPT2', 'GPTNeoX', 'Roberta', 'Bart', 'Longformer', 'LED', 'CodeGen', 'Qwen2'];
const LLAMA = ['Llama', 'CodeLlama'];

/**
 * tokenizer.json with the settings of tokenizer_config.json that its tokenizer class obeys in Python:
 * transformers builds these classes' normalizers and pre-tokenizers from the settings, whatever
 * tokenizer.json says. A setting that is absent leaves tokenizer.json as it is, and so does a class
 * that is not listed here.
 *
 * @param config tokenizer_config.json
 * @param bosToken what CodeLlama puts first where there is no post-processor
 */
export function withClassSettings(
  definition: JsonObject,
  config: JsonObject,
  bosToken: string | undefined,
): JsonObject {
  const name = String(config.tokenizer_class ?? '').replace(/Tokenizer(Fast)?$/, '');
  let result = definition;
  if (BERT.includes(name)) result = withBertSettings(result, config);
  if (BYTE_LEVEL.includes(name)) result = withByteLevelPrefix(result, config.add_prefix_space);
  if (LLAMA.includes(name)) result = withLlamaPrefix(result, config.add_prefix_space);
  if (name === 'CodeLlama') result = withFirstToken(result, bosToken);
  return result;
}

function withBertSettings(definition: JsonObject, config: JsonObject): JsonObject {
  const settings = [
    ['lowercase', config.do_lower_case],
    ['strip_accents', config.strip_accents],
    ['handle_chinese_chars', config.tokenize_chinese_chars],
  ].filter(([, value]) => value !== undefined);
  const own = isJsonObject(definition.normalizer) ? definition.normalizer : {};
  const known: JsonObject = own.type === 'BertNormalizer' ? own : BERT_NORMALIZER;
  if (settings.every(([name, value]) => own[String(name)] === value)) return definition;
  return { ...definition, normalizer: { ...known, ...Object.fromEntries(settings) } };
}

const BERT_NORMALIZER = {
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};

function withByteLevelPrefix(definition: JsonObject, prefix: unknown): JsonObject {
  return changePreTokenizer(definition, (part) =>
    part.type === 'ByteLevel' && typeof prefix === 'boolean' && part.add_prefix_space !== prefix
      ? { ...part, add_prefix_space: prefix }
      : part,
  );
}

/** The prefix is a Metaspace's scheme or, in older files, a normalizer that puts `▁` first. */
function withLlamaPrefix(definition: JsonObject, prefix: unknown): JsonObject {
  if (typeof prefix !== 'boolean') return definition;
  const changed = changePreTokenizer(definition, (part) => {
    if (part.type !== 'Metaspace' || (part.prepend_scheme !== 'never') === prefix) return part;
    return { ...part, prepend_scheme: prefix ? 'first' : 'never' };
  });
  const { normalizer } = changed;
  const parts = isJsonObject(normalizer) ? normalizer.normalizers : undefined;
  if (!isJsonObject(normalizer) || !Array.isArray(parts)) return changed;
  const prepends = parts.some((part) => isJsonObject(part) && part.type === 'Prepend');
  const replaces = parts.some((part) => isJsonObject(part) && part.type === 'Replace');
  if (prepends === prefix || !replaces) return changed;
  const others = parts.filter((part) => !isJsonObject(part) || part.type !== 'Prepend');
  const first = prefix ? [{ type: 'Prepend', prepend: '▁' }] : [];
  return { ...changed, normalizer: { ...normalizer, normalizers: [...first, ...others] } };
}

function withFirstToken(definition: JsonObject, token: string | undefined): JsonObject {
  const vocabulary = isJsonObject(definition.model) ? definition.model.vocab : undefined;
  const id = token !== undefined && isJsonObject(vocabulary) ? vocabulary[token] : undefined;
  if (isJsonObject(definition.post_processor) || token === undefined || typeof id !== 'number') {
    return definition;
  }
  const special = (type_id: number) => ({ SpecialToken: { id: token, type_id } });
  const text = (name: string, type_id: number) => ({ Sequence: { id: name, type_id } });
  const post_processor = {
    type: 'TemplateProcessing',
    single: [special(0), text('A', 0)],
    pair: [special(0), text('A', 0), special(1), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
  return { ...definition, post_processor };
}

/** The same object where `change` returns every part as it was. */
function changePreTokenizer(
  definition: JsonObject,
  change: (part: JsonObject) => JsonObject,
): JsonObject {
  const apply = (part: unknown): unknown => {
    if (!isJsonObject(part)) return part;
    const { pretokenizers } = part;
    return Array.isArray(pretokenizers)
      ? { ...part, pretokenizers: pretokenizers.map(apply) }
      : change(part);
  };
  const { pre_tokenizer } = definition;
  if (componentsIn(pre_tokenizer).every((part) => change(part) === part)) return definition;
  return { ...definition, pre_tokenizer: apply(pre_tokenizer) };
}
