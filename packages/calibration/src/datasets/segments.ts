import type { RawExample } from '../raw-example.js';
import { hasValue, perTokenValues } from './per-token.js';
import { malformedRow, type Row, type RowRule, stringOf } from './row.js';
import { integersOf } from './text-or-tokens.js';

/**
 * `rule` with what tells an encoder's two texts apart: a second text in `text_pair`, or the segment of
 * every token in `token_type_ids`. A row without has one segment.
 *
 * @param taken whether the model takes segments at all
 */
export function withSegments(rule: RowRule, taken: boolean): RowRule {
  return {
    ...rule,
    optional: [...(rule.optional ?? []), 'text_pair', 'token_type_ids'],
    toExample(row) {
      const example = rule.toExample(row);
      return example && segmented(row, example, taken);
    },
  };
}

/** @throws LayersenseError `dataset_malformed` */
function segmented(row: Row, example: RawExample, taken: boolean): RawExample {
  const segments =
    perTokenValues(row, example, 'token_type_ids') && integersOf(row, 'token_type_ids');
  if (segments?.some((segment) => segment !== 0) && !taken) {
    throw malformedRow(
      row,
      'the model takes no "token_type_ids", and they are not 0 everywhere. Leave them out.',
    );
  }
  if (example.kind === 'tokens') {
    if (!hasValue(row, 'text_pair')) return segments ? { ...example, segments } : example;
    throw malformedRow(
      row,
      '"text_pair" stands beside "input_ids". Give both texts as tokens, with "token_type_ids".',
    );
  }
  if (example.kind !== 'text' || !hasValue(row, 'text_pair')) return example;
  return { ...example, pair: stringOf(row, 'text_pair') };
}
