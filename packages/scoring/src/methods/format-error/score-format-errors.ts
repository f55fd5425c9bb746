import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type FormatErrorJobSpec, LayersenseError } from '@layersense/contracts';
import { formatsOf } from '@layersense/formats';
import { elementCount } from '@layersense/onnx-ir';
import type { JobServices } from '../../job-services.js';
import { BandThreads } from '../../matrices/band-threads.js';
import { KeptFiles } from '../../matrices/kept-files.js';
import { matrixWeights } from '../../matrices/matrix-weights.js';
import { RowReader } from '../../matrices/read-rows.js';
import { selectWeights } from '../../matrices/select-weights.js';
import { unfitFormats } from '../../matrices/unfit-formats.js';
import type { OpenedJob } from '../../model/opened-job.js';
import type { Scored } from '../method-computation.js';
import { KeptErrors } from './kept-errors.js';
import { type MatrixErrors, measureMatrix } from './measure-matrix.js';
import { type MeasuredWeight, summarizeFormatErrors } from './summarize-format-errors.js';

/** What one run may store, in values of all parameters, formats and metrics together. */
const MOST_VALUES = 1_000_000;

/** Streams every matrix of the model; needs no graph, so any architecture will do. */
export async function scoreFormatErrors(spec: FormatErrorJobSpec, job: OpenedJob): Promise<Scored> {
  const { progress, services, signal } = job;
  const formats = formatsOf(spec);
  const found = matrixWeights(job);
  const weights = selectWeights(found, spec.params.parameters);
  const unfit = unfitFormats(formats, weights);
  assertFewEnough(weights, formats.length);
  const kept = new KeptErrors(new KeptFiles(await folderOf(services)), formats);
  const threads = new BandThreads(services.threads ?? availableParallelism(), signal);
  const measuring = { formats, reader: new RowReader(), kept, threads };
  const elements = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const total = weights.length;
  const measured: MeasuredWeight[] = [];
  try {
    await progress.begin('computing', { done: 0, total }, weights[0]?.parameter);
    for (const [i, weight] of weights.entries()) {
      const errors: MatrixErrors[] = [];
      for (const matrix of weight.layout.matrices) {
        signal.throwIfAborted();
        errors.push(await measureMatrix(weight, matrix, measuring));
      }
      measured.push({ weight, errors });
      const share = elementCount(weight.shape) / elements;
      await progress.advance({ done: i + 1, total }, share, weights[i + 1]?.parameter);
    }
  } finally {
    await threads.close();
  }
  return {
    scores: summarizeFormatErrors(measured, formats),
    leftOut: found.leftOut,
    notes: [...found.notes, ...withoutFormats(found.others), ...unfit, ...kept.notes],
    facts: { arithmetic: 'float64' },
  };
}

/** An interrupted attempt goes on from its own folder where nothing is kept for further runs. */
async function folderOf({ keptFolder, spillFolder }: JobServices): Promise<string | undefined> {
  const own = keptFolder ?? (await spillFolder?.());
  return own && join(own, 'format-errors');
}

function withoutFormats(others: readonly string[]): readonly string[] {
  const [first] = others;
  if (first === undefined) return [];
  return [
    `${others.length} of the weights are no matrices and have no formats, ${first} the first of them`,
  ];
}

function assertFewEnough(
  weights: readonly { readonly layout: MeasuredWeight['weight']['layout'] }[],
  formats: number,
): void {
  const scored = weights.reduce((sum, { layout: { matrices } }) => {
    const parts = matrices.reduce((all, matrix) => all + matrix.parts.length, 0);
    return sum + 1 + parts + (matrices.length > 1 ? matrices.length : 0);
  }, 0);
  const values = scored * formats * METRICS;
  if (values <= MOST_VALUES) return;
  throw new LayersenseError(
    'invalid_request',
    `${scored} matrices in ${formats} formats are ${values} values, and a run has ${MOST_VALUES} at most. Name fewer formats, or some matrices with \`parameters\`.`,
    { values },
  );
}

const METRICS = 5;
