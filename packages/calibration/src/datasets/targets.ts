import type { RawExample } from '../raw-example.js';
import { describe, type Row, type RowRule } from './row.js';
import { invalidLabel, maskedTokenLabels, nextTokenLabels } from './token-labels.js';

/** What the examples are asked to predict. */
export type Targets =
  /** The next tokens: those that the row's `labels` name, or else every one. */
  | { readonly kind: 'next-tokens' }
  /** The tokens behind the mask: those of the row's `labels`, or else a sample. */
  | {
      readonly kind: 'masked-tokens';
      /** Which of the `eligible` positions of a row are masked; not called for an empty list. */
      readonly choose: (row: number, eligible: readonly number[]) => readonly number[];
    }
  /** The class in the column `label`; without `labels` it is drawn later, and none is read. */
  | { readonly kind: 'class'; readonly labels?: ClassLabels | undefined };

export interface ClassLabels {
  readonly count: number;
  /** By name. */
  readonly ids: ReadonlyMap<string, number>;
}

/** `rule` with the targets that a row holds. */
export function withTargets(rule: RowRule, targets: Targets): RowRule {
  switch (targets.kind) {
    case 'next-tokens':
      return extended(rule, 'labels', nextTokenLabels);
    case 'masked-tokens':
      return extended(rule, 'labels', maskedTokenLabels);
    case 'class': {
      const { labels } = targets;
      return extended(rule, 'label', (row) => labels && [classOf(row, labels)]);
    }
  }
}

function extended(
  rule: RowRule,
  column: string,
  targetsOf: (row: Row, example: RawExample) => readonly number[] | undefined,
): RowRule {
  return {
    ...rule,
    optional: [...(rule.optional ?? []), column],
    toExample(row) {
      const example = rule.toExample(row);
      const targets = example && targetsOf(row, example);
      return example && targets ? { ...example, targets } : example;
    },
  };
}

/** @throws LayersenseError `label_invalid` */
function classOf(row: Row, { count, ids }: ClassLabels): number {
  const { label: value } = row.values;
  const label = typeof value === 'bigint' ? Number(value) : value;
  if (label === undefined || label === null) {
    throw invalidLabel(
      row,
      'it has no "label". Give every row its class, or draw the classes from the model with labels: "model".',
    );
  }
  if (typeof label === 'string') {
    const id = ids.get(label);
    if (id !== undefined && id >= 0 && id < count) return id;
    const names = [...ids.keys()];
    const known = names.length > 0 ? `has ${names.slice(0, 10).join(', ')}` : 'has no label2id';
    throw invalidLabel(row, `the label ${JSON.stringify(label)} is unknown: config.json ${known}.`);
  }
  if (typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < count) {
    return label;
  }
  throw invalidLabel(
    row,
    `"label" is ${describe(label)}; the model's classes are 0 to ${count - 1}.`,
  );
}
