import { LayersenseError } from '@layersense/contracts';
import type { Targets } from './datasets/targets.js';
import { IGNORED, type RawExample } from './raw-example.js';
import type { BoundedSequence } from './tokenizer/encode-sequence.js';
import type { Tokenizer } from './tokenizer/load-tokenizer.js';

/** What the model is given of an example, and what it is asked to predict. */
export interface ModelInput {
  readonly inputIds: Int32Array;
  /** The segment of every token, where there are several. */
  readonly segments?: Int32Array | undefined;
  /**
   * The class, or what is predicted at every position and {@link IGNORED} where nothing is; where absent,
   * every next token.
   */
  readonly targets?: Int32Array | undefined;
}

export interface CalibrationExample extends ModelInput {
  /** Its place among the dataset's examples, from 0. */
  readonly index: number;
  /** Whether it was cut off at `maxLength`. */
  readonly truncated: boolean;
}

/** How many targets of an example carry loss. */
export function targetCount({ inputIds, targets }: ModelInput): number {
  if (targets === undefined) return inputIds.length - 1;
  return targets.filter((target) => target !== IGNORED).length;
}

export interface ExampleOptions {
  /** Needed unless the dataset holds token ids. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Tokens after which an example is cut off. */
  readonly maxLength: number;
  /** For plain text, by default true. A chat template writes its special tokens itself. */
  readonly addSpecialTokens?: boolean | undefined;
  /** The next tokens by default. */
  readonly targets?: Targets | undefined;
}

/** The shortest sequence with a next token to predict. */
const MIN_TOKENS = 2;

/** What is missing in an example that cannot be used. */
export const tooShort: Readonly<Record<Targets['kind'], string>> = {
  'next-tokens': `has a next token to predict within max_length, which takes ${MIN_TOKENS} tokens`,
  'masked-tokens': 'has a token that can be masked within max_length',
  class: 'has a token',
};

/**
 * The example that a row gives, or undefined where too little is left of it.
 *
 * @throws LayersenseError `tokenizer_missing`, `tokenizer_invalid`, those of the tokenizer
 */
export async function toExample(
  index: number,
  raw: RawExample,
  options: ExampleOptions,
): Promise<CalibrationExample | undefined> {
  const { targets = { kind: 'next-tokens' } } = options;
  if (targets.kind === 'next-tokens') {
    const { ids, truncated } = cut(await tokenize(raw, options), [], options.maxLength);
    const input = isEmptyText(raw) ? undefined : nextTokens(ids, raw.targets);
    return input && { index, ...input, truncated };
  }
  const sequence = await encoderSequence(raw, options);
  const { ids, segments, truncated } = sequence;
  if (ids.length === 0) return undefined;
  const several = segments.some((segment) => segment !== 0);
  const rest = { index, truncated, ...(several ? { segments: Int32Array.from(segments) } : {}) };
  if (targets.kind === 'class') {
    const [label = 0] = raw.targets ?? [];
    return { inputIds: Int32Array.from(ids), targets: Int32Array.of(label), ...rest };
  }
  const masked = raw.targets
    ? givenMask(ids, raw.targets)
    : sampledMask(index, ids, targets, options);
  return masked && { ...masked, ...rest };
}

/** What a tokenizer makes of no text is special tokens, of which none is the example's. */
function isEmptyText(raw: RawExample): boolean {
  return raw.kind === 'text' && raw.text === '';
}

/** Tokens with the row's labels, each of which is predicted at the position before its own. */
function nextTokens(ids: readonly number[], labels?: readonly number[]): ModelInput | undefined {
  if (ids.length < MIN_TOKENS) return undefined;
  const inputIds = Int32Array.from(ids);
  if (labels === undefined) return { inputIds };
  const targets = Int32Array.from([...labels.slice(1, ids.length), IGNORED]);
  if (targets.every((target) => target === IGNORED)) return undefined;
  const isText = inputIds.subarray(1).every((id, position) => id === targets[position]);
  // With all its own tokens as labels it is the example without labels, and has that one's hash.
  return isText ? { inputIds } : { inputIds, targets };
}

/** Tokens whose mask the row brings along. */
function givenMask(ids: readonly number[], labels: readonly number[]): ModelInput | undefined {
  const targets = Int32Array.from(labels.slice(0, ids.length));
  const any = targets.some((target) => target !== IGNORED);
  return any ? { inputIds: Int32Array.from(ids), targets } : undefined;
}

function sampledMask(
  index: number,
  ids: readonly number[],
  { choose }: Extract<Targets, { kind: 'masked-tokens' }>,
  { tokenizer }: ExampleOptions,
): ModelInput | undefined {
  const maskId = tokenizer?.maskId;
  if (maskId === undefined) throw withoutMask(tokenizer);
  const eligible = [...ids.keys()].filter((i) => !tokenizer?.specialIds.has(ids[i] ?? -1));
  if (eligible.length === 0) return undefined;
  const inputIds = Int32Array.from(ids);
  const targets = new Int32Array(ids.length).fill(IGNORED);
  for (const position of choose(index, eligible)) {
    targets[position] = inputIds[position] ?? IGNORED;
    inputIds[position] = maskId;
  }
  return { inputIds, targets };
}

/** An encoder's sequence ends with a special token, which a cut must leave in place. */
async function encoderSequence(raw: RawExample, options: ExampleOptions): Promise<BoundedSequence> {
  const { maxLength } = options;
  if (raw.kind === 'tokens') return cut(raw.inputIds, raw.segments ?? [], maxLength);
  if (raw.kind === 'chat') return cut(await tokenize(raw, options), [], maxLength);
  const { tokenizer } = options;
  if (tokenizer === undefined) throw withoutTokenizer();
  const texts = raw.pair === undefined ? [raw.text] : [raw.text, raw.pair];
  return tokenizer.encodeSequence(texts, maxLength);
}

function cut(
  ids: readonly number[],
  segments: readonly number[],
  maxLength: number,
): BoundedSequence {
  return {
    ids: ids.slice(0, maxLength),
    segments: segments.slice(0, maxLength),
    truncated: ids.length > maxLength,
  };
}

async function tokenize(raw: RawExample, options: ExampleOptions): Promise<readonly number[]> {
  if (raw.kind === 'tokens') return raw.inputIds;
  const { tokenizer, addSpecialTokens } = options;
  if (tokenizer === undefined) throw withoutTokenizer();
  return raw.kind === 'text'
    ? tokenizer.encode(raw.text, { addSpecialTokens })
    : tokenizer.encode(await tokenizer.renderChat(raw.messages), { addSpecialTokens: false });
}

function withoutTokenizer(): LayersenseError {
  return new LayersenseError(
    'tokenizer_missing',
    'The dataset holds text and the model has no tokenizer. Give a dataset of token ids ({"input_ids": [...]} per line), or put a tokenizer.json beside the model.',
  );
}

function withoutMask(tokenizer: Tokenizer | undefined): LayersenseError {
  const advice =
    'or give rows of {"input_ids": [...], "labels": [...]} that are masked already, with -100 in "labels" where nothing is.';
  return tokenizer === undefined
    ? new LayersenseError(
        'tokenizer_missing',
        `Only a tokenizer says which token is the mask. Put the model's tokenizer.json beside it, ${advice}`,
      )
    : new LayersenseError(
        'tokenizer_invalid',
        `The tokenizer names no mask token. Set "mask_token" in tokenizer_config.json, ${advice}`,
      );
}
