export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One calibration example before tokenising. */
export type RawExample = RawInput & {
  /** What its row says that it is asked to predict: its class, or as {@link IGNORED} says. */
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

/** The target of a position where nothing is predicted, as in Python's data collators. */
export const IGNORED = -100;
