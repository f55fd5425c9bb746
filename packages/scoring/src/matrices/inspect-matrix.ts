import { createHash } from 'node:crypto';
import type { MatrixShape, NumericFormat, Survey } from '@layersense/formats';
import { newWeightSums, type WeightSums } from '@layersense/sensitivity';
import type { BandThreads } from './band-threads.js';
import { bandsOf } from './bands.js';
import type { RowBlock } from './read-rows.js';

/** What a first look at a matrix finds out. */
export interface InspectedMatrix {
  readonly sums: WeightSums;
  /** Of shape and values: equal matrices have equal ones, in whatever type they are stored. */
  readonly sha256: string;
  /** What the formats that need it have found out of the whole matrix, by name. */
  readonly facts: ReadonlyMap<string, Float32Array>;
}

/**
 * Goes through a matrix once: its sums, its hash, and the surveys of formats that have one. What is hashed
 * are the hashes of its bands.
 *
 * @throws LayersenseError `non_finite_weight` naming parameter and element
 */
export async function inspectMatrix(
  parameter: string,
  shape: MatrixShape,
  blocks: AsyncIterable<RowBlock>,
  {
    formats,
    threads,
  }: { readonly formats: readonly NumericFormat[]; readonly threads: BandThreads },
): Promise<InspectedMatrix> {
  const sums = newWeightSums(shape[0]);
  const hash = createHash('sha256').update(`${shape.join('x')}\n`);
  const surveys = new Map<string, Survey>();
  for (const format of formats) {
    const survey = format.survey?.(shape);
    if (survey) surveys.set(format.name, survey);
  }
  for await (const block of blocks) {
    const inspecting = [...bandsOf(block)].map(async (band) => ({
      band,
      inspected: await threads.run({ kind: 'inspect', parameter, ...band }),
    }));
    const all = Promise.all(inspecting);
    // Awaited below; a failure before that must not end the process.
    all.catch(() => undefined);
    for (const survey of surveys.values()) survey.see(block.values);
    for (const { band, inspected } of await all) {
      sums.squared.set(inspected.sums.squared, band.firstRow);
      sums.nonZero.set(inspected.sums.nonZero, band.firstRow);
      hash.update(inspected.digest);
    }
  }
  const facts = new Map([...surveys].map(([format, survey]) => [format, survey.facts()]));
  return { sums, sha256: hash.digest('hex'), facts };
}
