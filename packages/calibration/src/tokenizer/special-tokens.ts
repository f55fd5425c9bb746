export interface SpecialIds {
  readonly specialIds: readonly number[];
  readonly maskId: number | undefined;
  readonly padId: number | undefined;
}

/** What mask tokens are called where tokenizer_config.json does not say. */
const MASKS = ['[MASK]', '<mask>'];

/**
 * The tokens that are marked as special, and those with a role in tokenizer_config.json.
 *
 * @param marked contents of the added tokens that are special
 * @param named `mask_token`, `pad_token`, … by name
 * @param idOf the id of a token; null where the vocabulary has none
 */
export function specialIdsOf(
  marked: readonly string[],
  named: Readonly<Record<string, string>>,
  idOf: (token: string) => number | null,
): SpecialIds {
  const find = (token: string | undefined) =>
    token === undefined ? undefined : (idOf(token) ?? undefined);
  const ids = [...marked, ...Object.values(named)].flatMap((token) => find(token) ?? []);
  return {
    specialIds: [...new Set(ids)],
    maskId: find(named.mask_token ?? MASKS.find((token) => marked.includes(token))),
    padId: find(named.pad_token),
  };
}
