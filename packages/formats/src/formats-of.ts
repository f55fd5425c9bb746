import { type JobSpec, methodOf } from '@layersense/contracts';
import type { NumericFormat } from './numeric-format.js';
import { parseFormat } from './parse-format.js';

/**
 * The formats that a job names.
 *
 * @throws LayersenseError `format_unknown` as {@link parseFormat}
 */
export function formatsOf(spec: JobSpec): readonly NumericFormat[] {
  return (methodOf(spec.method).formats?.(spec) ?? []).map(parseFormat);
}
