import { LayersenseError, type MeasureJobSpec, namesOf, type Pairs } from '@layersense/contracts';
import { type NumericFormat, parseFormat } from '@layersense/formats';
import { globPattern } from '@layersense/model-source';
import { stratifiedIndices } from '@layersense/statistics';
import { inFormat, type MatrixOf, shapeOf } from '../../damage/rounded-values.js';
import type { Variant } from '../../damage/variant.js';
import { type MatrixWeights, matrixWeights } from '../../matrices/matrix-weights.js';
import { selectWeights } from '../../matrices/select-weights.js';
import { unfitFormats } from '../../matrices/unfit-formats.js';
import type { OpenedJob } from '../../model/opened-job.js';

/** A matrix in a format, all others as they are. */
export interface PairVariant extends Variant {
  readonly of: MatrixOf;
  readonly format: string;
}

/** What a job measures, in the order of its numbers. */
export type MeasuredVariants =
  | { readonly kind: 'pairs'; readonly variants: readonly PairVariant[] }
  | { readonly kind: 'assignments'; readonly variants: readonly Variant[] };

interface Found {
  readonly measured: MeasuredVariants;
  /** Stored tensors that are no weights. */
  readonly leftOut: readonly string[];
  /** What a reader must know of how weights were found. */
  readonly notes: readonly string[];
}

/**
 * The variants of the model that a job asks for.
 *
 * @throws LayersenseError `invalid_request` for names that fit no matrix or several formats,
 *   `format_unknown`, `format_unsuitable`
 */
export function variantsOf(
  { params: { assignments, pairs } }: MeasureJobSpec,
  job: OpenedJob,
): Found {
  const found = matrixWeights(job);
  const { leftOut, notes } = found;
  if (pairs) {
    const { variants, unfit } = pairVariants(pairs, found, job);
    return { measured: { kind: 'pairs', variants }, leftOut, notes: [...notes, ...unfit] };
  }
  const names = namesOf(assignments ?? []);
  const variants = (assignments ?? []).map(({ weights }, i) => {
    const name = names[i] ?? '';
    const replaced = [...formatsByMatrix(name, weights, found)].map(([of, format]) =>
      inFormat(of, format, job.checkpoint),
    );
    return { name, weights: replaced };
  });
  return { measured: { kind: 'assignments', variants }, leftOut, notes };
}

function pairVariants(
  { formats: names, matrices: globs, sample, seed, predicted }: Pairs,
  found: MatrixWeights,
  { checkpoint }: OpenedJob,
): { readonly variants: readonly PairVariant[]; readonly unfit: readonly string[] } {
  const formats = names.map(parseFormat);
  const weights = selectWeights(found, globs);
  const unfit = unfitFormats(formats, weights);
  const all = matricesOf(weights).flatMap((of) =>
    formats
      .filter((format) => format.problemWith(shapeOf(of)) === undefined)
      .map((format) => ({ of, format })),
  );
  if (predicted) assertKnown(predicted, all);
  const sizeOf = ({ of, format }: (typeof all)[number]) =>
    predicted?.[of.matrix.name]?.[format.name] ?? Number.NEGATIVE_INFINITY;
  const ordered = predicted ? all.toSorted((a, b) => sizeOf(b) - sizeOf(a)) : all;
  const chosen = new Set(
    stratifiedIndices(all.length, sample ?? all.length, seed).map((i) => ordered[i]),
  );
  const variants = all
    .filter((pair) => chosen.has(pair))
    .map(({ of, format }) => ({
      name: `${of.matrix.name} in ${format.name}`,
      of,
      format: format.name,
      weights: [inFormat(of, format, checkpoint)],
    }));
  return { variants, unfit };
}

function matricesOf(weights: MatrixWeights['weights']): readonly MatrixOf[] {
  return weights.flatMap((weight) => weight.layout.matrices.map((matrix) => ({ weight, matrix })));
}

/** The format of every matrix that an assignment names. */
function formatsByMatrix(
  assignment: string,
  weights: Readonly<Record<string, string>>,
  found: MatrixWeights,
): ReadonlyMap<MatrixOf, NumericFormat> {
  selectWeights(found, Object.keys(weights));
  const rules = Object.entries(weights).map(([glob, format]) => ({
    glob,
    exact: !/[*?]/.test(glob),
    pattern: globPattern(glob),
    format: parseFormat(format),
  }));
  const byMatrix = new Map<MatrixOf, NumericFormat>();
  for (const of of matricesOf(found.weights)) {
    const names = [of.matrix.name, of.weight.parameter];
    const fitting = rules.filter(({ pattern }) => names.some((name) => pattern.test(name)));
    const exact = fitting.filter((rule) => rule.exact);
    const [rule, ...others] = exact.length > 0 ? exact : fitting;
    if (!rule) continue;
    const other = others.find(({ format }) => format !== rule.format);
    if (other) throw ambiguous(assignment, of.matrix.name, [rule, other]);
    byMatrix.set(of, rule.format);
  }
  return byMatrix;
}

function ambiguous(
  assignment: string,
  parameter: string,
  rules: readonly { readonly glob: string; readonly format: NumericFormat }[],
): LayersenseError {
  const said = rules.map(({ glob, format }) => `${JSON.stringify(glob)} ${format.name}`);
  return new LayersenseError(
    'invalid_request',
    `${assignment} gives ${parameter} two formats: ${said.join(' and ')}. Name it without wildcards, or narrow one of the two.`,
    { assignment, parameter },
  );
}

function assertKnown(
  predicted: NonNullable<Pairs['predicted']>,
  pairs: readonly { readonly of: MatrixOf; readonly format: NumericFormat }[],
): void {
  const missing = pairs.find(
    ({ of, format }) => predicted[of.matrix.name]?.[format.name] === undefined,
  );
  if (!missing) return;
  const [parameter, format] = [missing.of.matrix.name, missing.format.name];
  throw new LayersenseError(
    'invalid_request',
    `predicted has nothing for ${parameter} in ${format}. Give a value for every pair that may be sampled, or name fewer with matrices and formats.`,
    { parameter, format },
  );
}
