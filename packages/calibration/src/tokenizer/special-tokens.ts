import { isJsonObject, type JsonObject } from './read-json-object.js';

export interface SpecialIds {
  readonly specialIds: ReadonlySet<number>;
  readonly maskId: number | undefined;
  readonly padId: number | undefined;
}

/** What mask tokens are called where tokenizer_config.json does not say. */
const MASKS = ['[MASK]', '<mask>'];

/**
 * The tokens that tokenizer.json marks as special, and those with a role in tokenizer_config.json.
 *
 * @param named `mask_token`, `pad_token`, … by name
 */
export function specialIdsOf(
  { added_tokens }: JsonObject,
  named: Readonly<Record<string, string>>,
  vocabulary: ReadonlyMap<string, number>,
): SpecialIds {
  const added: readonly unknown[] = Array.isArray(added_tokens) ? added_tokens : [];
  const marked = added.flatMap((token) =>
    isJsonObject(token) && token.special === true ? [String(token.content)] : [],
  );
  const idOf = (token: string | undefined) =>
    token === undefined ? undefined : vocabulary.get(token);
  const ids = [...marked, ...Object.values(named)].flatMap((token) => idOf(token) ?? []);
  return {
    specialIds: new Set(ids),
    maskId: idOf(named.mask_token ?? MASKS.find((token) => marked.includes(token))),
    padId: idOf(named.pad_token),
  };
}
