import { availableParallelism } from 'node:os';
import { LayersenseError } from '@layersense/contracts';
import type { NumericFormat } from '@layersense/formats';
import type { LaidOutMatrix } from '@layersense/models';
import { elementCount } from '@layersense/onnx-ir';
import type { OpenedJob } from '../model/opened-job.js';
import { BandThreads } from './band-threads.js';
import { KeptFiles } from './kept-files.js';
import { type MatrixWeight, matrixWeights } from './matrix-weights.js';
import { RowReader } from './read-rows.js';
import { selectWeights } from './select-weights.js';
import { unfitFormats } from './unfit-formats.js';

/** What formats are applied to, and with what. */
export interface FormatJob {
  readonly formats: readonly NumericFormat[];
  readonly weights: readonly MatrixWeight[];
  readonly leftOut: readonly string[];
  readonly notes: readonly string[];
  /** Where results outlive the process. */
  readonly files: KeptFiles;
}

/** What a step over one matrix works with. */
export interface MatrixTools {
  readonly reader: RowReader;
  readonly threads: BandThreads;
}

interface FormatRequest {
  readonly formats: readonly NumericFormat[];
  readonly parameters: readonly string[] | undefined;
  /** Values that a run has of each matrix and format, and how many it may have. */
  readonly values: { readonly each: number; readonly atMost: number };
}

/**
 * The matrices of a model that a request is about.
 *
 * @throws LayersenseError `invalid_request`, `format_unsuitable` where a format fits no matrix
 */
export async function openFormatJob(job: OpenedJob, request: FormatRequest): Promise<FormatJob> {
  const { formats, parameters } = request;
  const found = matrixWeights(job);
  const weights = selectWeights(found, parameters);
  const unfit = unfitFormats(formats, weights);
  assertFewEnough(weights, request);
  const { keptFolder, spillFolder } = job.services;
  // An interrupted attempt goes on from its own folder where nothing is kept for further runs.
  const files = new KeptFiles(keptFolder ?? (await spillFolder?.()));
  const { leftOut, notes } = found;
  return {
    formats,
    weights,
    leftOut,
    notes: [...notes, ...withoutFormats(found.others), ...unfit],
    files,
  };
}

/** Takes a step over every matrix of every weight, and reports progress. @throws `canceled`, and as the step does */
export async function overMatrices<Result>(
  { weights }: FormatJob,
  { progress, services, signal }: OpenedJob,
  step: (weight: MatrixWeight, matrix: LaidOutMatrix, tools: MatrixTools) => Promise<Result>,
): Promise<{ readonly weight: MatrixWeight; readonly results: readonly Result[] }[]> {
  const elements = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const total = weights.length;
  const done = [];
  const threads = new BandThreads(services.threads ?? availableParallelism(), signal);
  const tools = { reader: new RowReader(), threads };
  try {
    await progress.begin('computing', { done: 0, total }, weights[0]?.parameter);
    for (const [i, weight] of weights.entries()) {
      const results: Result[] = [];
      for (const matrix of weight.layout.matrices) {
        signal.throwIfAborted();
        results.push(await step(weight, matrix, tools));
      }
      done.push({ weight, results });
      const share = elementCount(weight.shape) / elements;
      await progress.advance({ done: i + 1, total }, share, weights[i + 1]?.parameter);
    }
    return done;
  } finally {
    await threads.close();
  }
}

function withoutFormats(others: readonly string[]): readonly string[] {
  const [first] = others;
  if (first === undefined) return [];
  return [
    `${others.length} of the weights are no matrices and have no formats, ${first} the first of them`,
  ];
}

function assertFewEnough(
  weights: readonly MatrixWeight[],
  { formats, values: { each, atMost } }: FormatRequest,
): void {
  const scored = weights.reduce((sum, { layout: { matrices } }) => {
    return sum + matrices.reduce((own, { parts }) => own + 1 + parts.length, 0);
  }, 0);
  const values = scored * formats.length * each;
  if (values <= atMost) return;
  throw new LayersenseError(
    'invalid_request',
    `${scored} matrices and parts in ${formats.length} formats are ${values} values, and a run has ${atMost} at most. Name fewer formats, or some matrices with \`parameters\`.`,
    { values },
  );
}
