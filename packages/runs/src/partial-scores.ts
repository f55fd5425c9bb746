import type { LayerScore } from '@layersense/contracts';
import { type BatchColumns, unpackBatch } from './examples/batch-values.js';
import { type BatchStatistics, FisherAccumulator } from './examples/fisher-accumulator.js';
import { summarizeFisher } from './examples/summarize-fisher.js';

/** The stored batches of a job that is not finished. */
export interface UnfinishedJob extends BatchColumns {
  /** The shape of every parameter. */
  readonly shapes: readonly (readonly number[])[];
  readonly batches: readonly {
    readonly positions: readonly number[];
    readonly values: Float64Array;
  }[];
}

/**
 * What the finished examples of a job say, as its own scores will be made. Batches are made of
 * examples of similar length, so the first ones are no random sample of all: the intervals hold for
 * examples like those. Without stability, which takes too long to be asked for again and again.
 */
export function partialScores(job: UnfinishedJob): LayerScore[] {
  const rows = new Map<number, number>();
  const batches = job.batches.map(({ positions, values }): BatchStatistics => {
    const examples = positions.map((position) => rowOf(rows, position));
    return unpackBatch(job, examples, values);
  });
  const accumulator = new FisherAccumulator([...rows.keys()]);
  for (const batch of batches) accumulator.add(batch);
  const shapes = new Map(job.parameters.map((name, i) => [name, job.shapes[i] ?? []]));
  const { scores } = summarizeFisher(accumulator, {
    shapeOf: (name) => shapes.get(name) ?? [],
    // A top k of all layers has no stability to compute.
    bootstrap: { k: job.parameters.length, seed: 0 },
  });
  return scores
    .map(({ per_example: _, per_example_routed_tokens: __, ...score }) => score)
    .sort((a, b) => a.rank - b.rank);
}

/** Finished examples are numbered as they come: what is missing between them leaves no gap. */
function rowOf(rows: Map<number, number>, position: number): number {
  const row = rows.get(position) ?? rows.size;
  rows.set(position, row);
  return row;
}
