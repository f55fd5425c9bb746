import { IGNORED, type RawExample } from '../raw-example.js';
import { perTokenValues } from './per-token.js';
import { describe, malformedRow, type Row, type RowRule } from './row.js';
import type { Targets } from './targets.js';
import { invalidLabel } from './token-labels.js';

const COLUMN = 'attention_mask';

export interface MaskOptions {
  /** Whether a token's place counts from the first one that is not padding, as rotary positions do. */
  readonly leftPadding: boolean;
  readonly kind: Targets['kind'];
  /** Of a classifier that reads the last token which is not `padId`, whatever a mask says. */
  readonly lastToken?: { readonly padId: number | undefined } | undefined;
  /** What lengths have in common that the model computes alike; all where absent. */
  readonly lengthGroup?: ((length: number) => string) | undefined;
}

/**
 * `rule` with the padding cut off that a row's `attention_mask` marks by 0. What is left is the same
 * example: no token sees the padding, and none is predicted there.
 */
export function withAttentionMask(rule: RowRule, options: MaskOptions): RowRule {
  return {
    ...rule,
    optional: [...(rule.optional ?? []), COLUMN],
    toExample(row) {
      const example = rule.toExample(row);
      return example && withoutPadding(row, example, options);
    },
  };
}

/** @throws LayersenseError `dataset_malformed` for a mask that is none, or more than padding */
function withoutPadding(row: Row, example: RawExample, options: MaskOptions): RawExample {
  const values = perTokenValues(row, example, COLUMN);
  if (values === undefined || example.kind !== 'tokens') return example;
  const mask = values.map((value, position) => bitOf(row, value, position));
  if (mask.every(Boolean)) return example;
  const start = mask.indexOf(true);
  const end = mask.lastIndexOf(true) + 1;
  if (start < 0) throw malformedRow(row, `"${COLUMN}" is 0 everywhere: no token is left.`);
  const hole = mask.indexOf(false, start);
  if (hole < end && hole >= 0) {
    throw malformedRow(
      row,
      `"${COLUMN}"[${hole}] is 0 between tokens that are not padding. Only padding before or after the tokens can be left out; give such an example without the masked tokens, or with them.`,
    );
  }
  assertIsPadding(row, example, { start, end }, options);
  const { inputIds, segments, targets } = example;
  return {
    ...example,
    inputIds: inputIds.slice(start, end),
    ...(segments && { segments: segments.slice(start, end) }),
    ...(targets && { targets: perToken(options) ? targets.slice(start, end) : targets }),
  };
}

function bitOf(row: Row, value: unknown, position: number): boolean {
  if (value === 0 || value === false) return false;
  if (value === 1 || value === true) return true;
  throw malformedRow(row, `"${COLUMN}"[${position}] is ${describe(value)}; expected 0 or 1.`);
}

/** The positions that are not padding: from `start` to before `end`. */
interface Kept {
  readonly start: number;
  readonly end: number;
}

/** Whether cutting changes nothing of what the model computes with the mask. */
function assertIsPadding(
  row: Row,
  { inputIds, targets = [] }: Extract<RawExample, { kind: 'tokens' }>,
  { start, end }: Kept,
  options: MaskOptions,
): void {
  if (start > 0 && !options.leftPadding) {
    throw malformedRow(
      row,
      `"${COLUMN}" is 0 at the start, and this model counts positions from there. Pad on the right, or leave the padding out.`,
    );
  }
  if (options.lengthGroup?.(inputIds.length) !== options.lengthGroup?.(end - start)) {
    throw malformedRow(
      row,
      `the model's rotary positions depend on the length of a row, and its padding changes them. Leave the padding out.`,
    );
  }
  if (perToken(options)) assertNoLoss(row, targets, { start, end }, options);
  else assertLastToken(row, inputIds.slice(end), options);
}

/** Whether a classifier that finds the last token by itself finds the one that the mask says. */
function assertLastToken(row: Row, after: readonly number[], { lastToken }: MaskOptions): void {
  if (lastToken === undefined) return;
  const { padId } = lastToken;
  const other = after.find((id) => id !== padId);
  if (other === undefined) return;
  throw malformedRow(
    row,
    `"${COLUMN}" is 0 at the token ${other} after the others, but this classifier reads the last token that is not config.json's pad_token_id, ${padId ?? 'which it has not'}. ${padId === undefined ? 'Leave' : `Pad with ${padId}, or leave`} the padding out.`,
  );
}

function assertNoLoss(
  row: Row,
  targets: readonly number[],
  { start, end }: Kept,
  { kind }: MaskOptions,
): void {
  const wrong = targets.findIndex((target, i) => target !== IGNORED && (i < start || i >= end));
  if (wrong >= 0) {
    throw invalidLabel(
      row,
      `"labels"[${wrong}] is ${targets[wrong]} where "${COLUMN}" is 0. Put ${IGNORED} there: nothing can be predicted at padding.`,
    );
  }
  const first = targets[start] ?? IGNORED;
  if (kind === 'next-tokens' && start > 0 && first !== IGNORED) {
    throw invalidLabel(
      row,
      `"labels"[${start}] is ${first}, which only padding stands before to predict it from. Put ${IGNORED} there.`,
    );
  }
}

/** Whether targets belong to tokens, and not to the example. */
function perToken({ kind }: MaskOptions): boolean {
  return kind !== 'class';
}
