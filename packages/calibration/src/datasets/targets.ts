import { LayersenseError } from '@layersense/contracts';
import { IGNORED, type RawExample } from '../raw-example.js';
import { describe, type Row, type RowRule } from './row.js';

/** What the examples are asked to predict. */
export type Targets =
  /** Every next token. */
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
      return rule;
    case 'masked-tokens':
      return extended(rule, 'labels', tokenLabels);
    case 'class': {
      const { labels } = targets;
      return labels ? extended(rule, 'label', (row) => [classOf(row, labels)]) : rule;
    }
  }
}

function extended(
  rule: RowRule,
  column: string,
  targetsOf: (row: Row, example: RawExample) => readonly number[] | undefined,
): RowRule {
  return {
    columns: [...rule.columns, column],
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

/**
 * The masked tokens of a row that brings its own mask, −100 elsewhere.
 * @throws LayersenseError `label_invalid`
 */
function tokenLabels(row: Row, example: RawExample): readonly number[] | undefined {
  const { labels } = row.values;
  if (example.kind !== 'tokens' || labels === undefined || labels === null) return undefined;
  const { length } = example.inputIds;
  if (!Array.isArray(labels) || labels.length !== length) {
    const found = Array.isArray(labels) ? `${labels.length} elements` : describe(labels);
    throw invalidLabel(row, `"labels" has ${found} for ${length} "input_ids".`);
  }
  const targets = labels.map((value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  const wrong = targets.findIndex(
    (id) => !(Number.isInteger(id) && (Number(id) >= 0 || id === IGNORED)),
  );
  if (wrong >= 0) {
    throw invalidLabel(
      row,
      `"labels"[${wrong}] is ${describe(targets[wrong])}; expected a token id, or ${IGNORED} where nothing is masked.`,
    );
  }
  if (targets.every((id) => id === IGNORED)) {
    throw invalidLabel(row, `all "labels" are ${IGNORED}: at least one token must be masked.`);
  }
  return targets.map(Number);
}

function invalidLabel(row: Row, problem: string): LayersenseError {
  return new LayersenseError(
    'label_invalid',
    `${row.file}, ${row.unit} ${row.number}: ${problem}`,
    {
      file: row.file,
      [row.unit]: row.number,
    },
  );
}
