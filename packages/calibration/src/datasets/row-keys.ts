import { type LayersenseError, printable } from '@layersense/contracts';
import { hasValue } from './per-token.js';
import { malformedRow, type Row, type RowRule } from './row.js';
import type { Targets } from './targets.js';

/** Every key that some model's rows have a meaning for. */
const known: readonly string[] = [
  'text',
  'input_ids',
  'attention_mask',
  'labels',
  'label',
  'text_pair',
  'token_type_ids',
];

/** Other names of the same in Python's libraries. */
const aliases: Readonly<Record<string, string>> = {
  texts: 'text',
  label_ids: 'labels',
  attn_mask: 'attention_mask',
  mask: 'attention_mask',
};

const MASKED_LABELS =
  'Write what it says into "labels": at every token its id, and -100 where nothing is to be predicted.';
const ONE_SEQUENCE = 'Give every sequence a row of its own.';

/** Keys that change what a model computes or is asked, with what to do instead. */
const unsupported: Readonly<Record<string, string>> = {
  position_ids:
    'Positions are counted from the first token of a row. Leave it out if they are so; of several sequences in one row, give each its own.',
  seq_lengths: ONE_SEQUENCE,
  seq_idx: ONE_SEQUENCE,
  cu_seq_lens_q: ONE_SEQUENCE,
  cu_seq_lens_k: ONE_SEQUENCE,
  loss_mask: MASKED_LABELS,
  completion_mask: MASKED_LABELS,
  prompt_mask: MASKED_LABELS,
  response_mask: MASKED_LABELS,
  assistant_mask: MASKED_LABELS,
  assistant_masks: MASKED_LABELS,
  inputs_embeds: 'Give the tokens themselves as "input_ids".',
};

const ofOthers: Readonly<Record<Targets['kind'], Readonly<Record<string, string>>>> = {
  'next-tokens': {
    text_pair: 'A model of next tokens reads one text. Join the two, or leave it out.',
    token_type_ids: 'A model of next tokens has no segments. Leave it out.',
  },
  'masked-tokens': {},
  class: {
    labels: 'A classifier takes the class of a row, in "label". Rename it, or leave it out.',
  },
};

/** Of a file with thousands of keys, the first ones make the point. */
const MOST_UNREAD = 50;

/**
 * `rule` with a look at the keys that it does not read: those that would change what is computed, and
 * those that look like one that is read, are refused; the others come into `unread`.
 */
export function withKnownKeys(rule: RowRule, kind: Targets['kind'], unread: Set<string>): RowRule {
  const advice = { ...unsupported, ...ofOthers[kind] };
  const read = [...rule.columns, ...(rule.optional ?? [])];
  const settled = new Set(read);
  return {
    ...rule,
    optional: [...(rule.optional ?? []), ...Object.keys(advice)],
    toExample(row) {
      for (const key of row.keys) {
        if (settled.has(key)) continue;
        if (Object.hasOwn(advice, key)) {
          assertAbsent(row, key, advice[key]);
          continue;
        }
        const like = known.includes(key) ? [] : read.filter((name) => isMisspelt(key, name));
        const meant = like.find((name) => !hasValue(row, name));
        if (meant !== undefined) throw misspelt(row, key, meant);
        if (like.length === 0) settled.add(key);
        if (unread.size < MOST_UNREAD) unread.add(printable(key));
      }
      return rule.toExample(row);
    },
  };
}

function assertAbsent(row: Row, key: string, advice = ''): void {
  if (hasValue(row, key)) throw malformedRow(row, `"${key}" is not supported. ${advice}`);
}

function misspelt(row: Row, key: string, meant: string): LayersenseError {
  return malformedRow(
    row,
    `${JSON.stringify(key)} is not read, and looks like "${meant}", which is. Rename it, or leave it out.`,
  );
}

/** Whether `key` is `name` but for its case, its separators, or one slip of the hand. */
function isMisspelt(key: string, name: string): boolean {
  const [a, b] = [plain(key), plain(name)];
  if (a === b || aliases[key] === name) return true;
  // Too many words are one letter away from a short one.
  return b.length > 4 && isOneSlip(a, b);
}

/** One letter more, less or other, or two exchanged. */
function isOneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const isSwap = left.length === 2 && left === [...right].toReversed().join('');
  return Math.max(left.length, right.length) <= 1 || isSwap;
}

const plain = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
