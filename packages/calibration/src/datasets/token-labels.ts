import { LayersenseError } from '@layersense/contracts';
import { IGNORED, MAX_TOKEN_ID, type RawExample } from '../raw-example.js';
import { perTokenValues } from './per-token.js';
import { describe, type Row } from './row.js';

/**
 * The row's `labels`: for every token the id that is to be predicted, and −100 where nothing is.
 * @throws LayersenseError `label_invalid`
 */
export function tokenLabels(row: Row, example: RawExample): readonly number[] | undefined {
  const labels = perTokenValues(row, example, 'labels', invalidLabel);
  return labels?.map((value, position) => {
    const id = Number(value);
    const inRange = Number.isInteger(value) && id >= 0 && id <= MAX_TOKEN_ID;
    if (inRange || value === IGNORED) return id;
    throw invalidLabel(
      row,
      `"labels"[${position}] is ${describe(value)}; expected a token id, or ${IGNORED} where nothing is predicted.`,
    );
  });
}

/**
 * Labels of masked tokens, at their own places.
 * @throws LayersenseError `label_invalid`
 */
export function maskedTokenLabels(row: Row, example: RawExample): readonly number[] | undefined {
  const labels = tokenLabels(row, example);
  if (labels?.every((id) => id === IGNORED)) {
    throw invalidLabel(row, `all "labels" are ${IGNORED}: at least one token must be masked.`);
  }
  return labels;
}

/**
 * Labels of next tokens as transformers takes them: a label stands at the place of its own token and
 * is predicted from those before it, so nothing predicts the first one.
 *
 * @throws LayersenseError `label_invalid`
 */
export function nextTokenLabels(row: Row, example: RawExample): readonly number[] | undefined {
  const labels = tokenLabels(row, example);
  if (labels === undefined || labels.slice(1).some((id) => id !== IGNORED)) return labels;
  const [first = IGNORED] = labels;
  throw invalidLabel(
    row,
    first === IGNORED
      ? `all "labels" are ${IGNORED}: at least one token must be predicted.`
      : `only the first of "labels" is not ${IGNORED}, and no token stands before it to predict it from.`,
  );
}

export function invalidLabel(row: Row, problem: string): LayersenseError {
  return new LayersenseError(
    'label_invalid',
    `${row.file}, ${row.unit} ${row.number}: ${problem}`,
    { file: row.file, [row.unit]: row.number },
  );
}
