import { Tokenizer } from '@huggingface/tokenizers';

/** The part of `@huggingface/tokenizers` in use. */
export interface HubTokenizer {
  /** An id is undefined where a token is not in the vocabulary and there is no unknown token. */
  encode(
    text: string,
    options: {
      add_special_tokens: boolean;
      text_pair?: string | undefined;
      return_token_type_ids?: boolean;
    },
  ): {
    readonly ids: readonly (number | undefined)[];
    readonly token_type_ids?: readonly number[];
  };
  get_vocab(): ReadonlyMap<string, number>;
}

/**
 * Its own declarations import each other without file extensions, which `nodenext` cannot resolve:
 * without this line every call would be unchecked.
 */
export const HubTokenizer: new (definition: object, config: object) => HubTokenizer = Tokenizer;
