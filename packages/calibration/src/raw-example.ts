export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One calibration example before tokenising. */
export type RawExample = RawInput & {
  /** What its row says that it is asked to predict: its class, or for every token what it is to be. */
  readonly targets?: readonly number[];
};

type RawInput =
  | { readonly kind: 'text'; readonly text: string; readonly pair?: string | undefined }
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[] }
  | {
      readonly kind: 'tokens';
      readonly inputIds: readonly number[];
      readonly segments?: readonly number[] | undefined;
    };

/** Token ids travel as int32. */
export const MAX_TOKEN_ID = 0x7fff_ffff;

/** The target of a position where nothing is predicted, as in Python's data collators. */
export const IGNORED = -100;
