import type { RawExample } from '../raw-example.js';
import { malformedRow, type Row, type RowRule, stringOf } from './row.js';
import { integersOf } from './text-or-tokens.js';

/**
 * `rule` with what tells an encoder's two texts apart: a second text in `text_pair`, or the segment of
 * every token in `token_type_ids`. A row without has one segment.
 */
export function withSegments(rule: RowRule): RowRule {
  return {
    columns: [...rule.columns, 'text_pair', 'token_type_ids'],
    toExample(row) {
      const example = rule.toExample(row);
      return example && segmented(row, example);
    },
  };
}

/** @throws LayersenseError `dataset_malformed` */
function segmented(row: Row, example: RawExample): RawExample {
  const { text_pair: pair, token_type_ids: segments } = row.values;
  if (example.kind === 'text' && given(pair)) {
    return { ...example, pair: stringOf(row, 'text_pair') };
  }
  if (example.kind !== 'tokens' || !given(segments)) return example;
  const ids = integersOf(row, 'token_type_ids');
  const { length } = example.inputIds;
  if (ids.length === length) return { ...example, segments: ids };
  throw malformedRow(row, `"token_type_ids" has ${ids.length} elements for ${length} "input_ids".`);
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}
