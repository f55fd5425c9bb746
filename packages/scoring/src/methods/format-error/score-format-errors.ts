import type { FormatErrorJobSpec } from '@layersense/contracts';
import { formatsOf } from '@layersense/formats';
import { openFormatJob, overMatrices } from '../../matrices/format-job.js';
import { KeptResults } from '../../matrices/kept-results.js';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Scored } from '../method-computation.js';
import { KeptErrors, measureMatrix } from './measure-matrix.js';
import { summarizeFormatErrors } from './summarize-format-errors.js';

/** Streams every matrix of the model; needs no graph, so any architecture will do. */
export async function scoreFormatErrors(spec: FormatErrorJobSpec, job: OpenedJob): Promise<Scored> {
  const formats = formatsOf(spec);
  const { parameters } = spec.params;
  const work = await openFormatJob(job, {
    formats,
    parameters,
    values: { each: 5, atMost: 1_000_000 },
  });
  const kept = new KeptResults(work.files, { name: 'format-error', schema: KeptErrors, formats });
  const measured = await overMatrices(work, job, (weight, matrix, tools) =>
    measureMatrix(weight, matrix, { ...tools, formats, kept }),
  );
  return {
    scores: summarizeFormatErrors(measured, formats),
    leftOut: work.leftOut,
    notes: [...work.notes, ...kept.notes],
    facts: { arithmetic: 'float64' },
  };
}
