import { isJsonObject, type JsonObject } from './read-json-object.js';

/** A token that is found in a text before the text is split, with how it is found. */
export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  /** Whether it takes white space before it along. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is looked for in the normalised text. */
  readonly normalized: boolean;
  /** Whether it must not be a part of a word. */
  readonly single_word: boolean;
}

/** What the files of a tokenizer beside its vocabulary hold; `{}` for a file that is not there. */
export interface TokenizerSources {
  readonly definition: JsonObject;
  readonly config: JsonObject;
  readonly specialTokensMap: JsonObject;
  /** added_tokens.json: ids by token. */
  readonly addedTokens: JsonObject;
}

export interface ConfiguredTokens {
  /** `bos_token`, `mask_token`, … by name. */
  readonly named: Readonly<Record<string, string>>;
  /**
   * What is added to tokenizer.json, in this order: a token that the vocabulary holds keeps its id and
   * takes these flags, any other gets the next free id.
   */
  readonly added: readonly AddedToken[];
}

/** In the order in which transformers adds them. */
const NAMED = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
];

/**
 * The tokens that transformers 5 adds to those of tokenizer.json
 * (`PreTrainedTokenizerBase._from_pretrained`, `TokenizersBackend.__init__`):
 *
 * - those of `added_tokens_decoder` in tokenizer_config.json, by id. Their ids are not used: what is
 *   new gets the next free one;
 * - without that key, those of added_tokens.json and of tokenizer.json, by id; and
 *   special_tokens_map.json, which otherwise is not read, overrides tokenizer_config.json;
 * - named tokens, such as a new `eos_token`, then `extra_special_tokens` or, as it was called,
 *   `additional_special_tokens`.
 */
export function configuredTokens(sources: TokenizerSources): ConfiguredTokens {
  const { config, specialTokensMap } = sources;
  const listed = isJsonObject(config.added_tokens_decoder);
  const settings = listed ? config : { ...config, ...specialTokensMap };
  const named = namedTokens(settings);
  const extra = extraTokens(config, listed ? {} : specialTokensMap);
  const special = [...Object.values(named), ...extra];
  const decoder = listed
    ? tokensById(config.added_tokens_decoder)
    : legacyTokens(sources, new Set(special.map(({ content }) => content)));
  const names = new Set(Object.values(named).map(({ content }) => content));
  const added = new Map<string, AddedToken>();
  for (const token of decoder) {
    added.set(token.content, { ...token, special: token.special || names.has(token.content) });
  }
  const present = new Set([...contentsIn(sources.definition), ...added.keys()]);
  for (const token of special) {
    if (!present.has(token.content) && !added.has(token.content)) added.set(token.content, token);
  }
  return {
    named: Object.fromEntries(Object.entries(named).map(([name, { content }]) => [name, content])),
    added: [...added.values()].filter(({ content }) => content !== ''),
  };
}

function contentsIn({ added_tokens }: JsonObject): string[] {
  const tokens: readonly unknown[] = Array.isArray(added_tokens) ? added_tokens : [];
  return tokens.map((token) => String(isJsonObject(token) ? token.content : token));
}

function namedTokens(settings: JsonObject): Record<string, AddedToken> {
  const others = Object.keys(settings).filter(
    (name) => name.endsWith('_token') && !NAMED.includes(name),
  );
  const extra = isJsonObject(settings.extra_special_tokens) ? settings.extra_special_tokens : {};
  const entries = [
    ...[...NAMED, ...others].map((name) => [name, settings[name]] as const),
    ...Object.entries(extra),
  ];
  const tokens: Record<string, AddedToken> = {};
  for (const [name, value] of entries) {
    const token = specialToken(value);
    if (token) tokens[name] = token;
  }
  return tokens;
}

/**
 * `extra_special_tokens` wins over `additional_special_tokens`, its name in transformers 4, which in
 * special_tokens_map.json counts only where nothing else lists any.
 */
function extraTokens(config: JsonObject, map: JsonObject): AddedToken[] {
  const configured = config.extra_special_tokens ?? config.additional_special_tokens;
  const lists = [configured, map.extra_special_tokens].filter((list) => Array.isArray(list));
  const last = map.additional_special_tokens;
  const chosen = lists.length === 0 && Array.isArray(last) ? [last] : lists;
  return chosen.flat().flatMap((value) => specialToken(value) ?? []);
}

function legacyTokens(
  { definition, addedTokens }: TokenizerSources,
  special: ReadonlySet<string>,
): AddedToken[] {
  const byId = new Map<number, AddedToken>();
  for (const [content, id] of Object.entries(addedTokens)) {
    const isSpecial = special.has(content);
    byId.set(Number(id), addedToken({ content, special: isSpecial, normalized: !isSpecial }));
  }
  const own: readonly unknown[] = Array.isArray(definition.added_tokens)
    ? definition.added_tokens
    : [];
  for (const token of own) {
    if (isJsonObject(token)) byId.set(Number(token.id), addedToken(token));
  }
  return inOrder(byId);
}

function tokensById(decoder: unknown): AddedToken[] {
  const entries = Object.entries(isJsonObject(decoder) ? decoder : {});
  return inOrder(
    new Map(
      entries.flatMap(([id, token]) =>
        isJsonObject(token) ? [[Number(id), addedToken(token)] as const] : [],
      ),
    ),
  );
}

function inOrder(byId: ReadonlyMap<number, AddedToken>): AddedToken[] {
  return [...byId].sort(([a], [b]) => a - b).map(([, token]) => token);
}

/** A token by its name or with its flags; undefined for null and what else is no token. */
function specialToken(value: unknown): AddedToken | undefined {
  if (typeof value === 'string') return addedToken({ content: value, special: true });
  if (!isJsonObject(value) || typeof value.content !== 'string') return undefined;
  return addedToken({ ...value, special: true });
}

/** With the defaults of Python's `AddedToken`: a special token is looked for in the text as it is. */
function addedToken(token: JsonObject): AddedToken {
  const special = token.special === true;
  return {
    content: String(token.content),
    special,
    lstrip: token.lstrip === true,
    rstrip: token.rstrip === true,
    normalized: typeof token.normalized === 'boolean' ? token.normalized : !special,
    single_word: token.single_word === true,
  };
}
