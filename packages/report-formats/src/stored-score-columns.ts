import type { StoredScore } from '@layersense/contracts';
import type { RecordColumn } from './record-column.js';

/** A score of the store in one line. */
export const storedScoreColumns: readonly RecordColumn<StoredScore>[] = [
  ['model', ({ model }) => model],
  ['revision', ({ revision }) => revision],
  ['dataset', ({ dataset }) => dataset],
  ['method', ({ method }) => method],
  ['metric', ({ metric }) => metric],
  ['layer', ({ layer }) => layer],
  ['parameter', ({ parameter }) => parameter],
  ['module', ({ module }) => module],
  ['block', ({ block }) => block],
  ['numel', ({ numel }) => numel],
  ['value', ({ value }) => value],
  ['rank', ({ rank }) => rank],
  ['n', ({ n }) => n],
  ['standard_error', ({ standard_error: error }) => error],
  ['shape', ({ shape }) => shape.join('x')],
  ['confidence_low', ({ confidence_interval: interval }) => interval?.[0]],
  ['confidence_high', ({ confidence_interval: interval }) => interval?.[1]],
  ['share_of_max', ({ share_of_max: share }) => share],
  ['run_id', ({ run_id: id }) => id],
];
