import type { BatchStatistics } from './fisher-accumulator.js';

/**
 * One batch of means for every `draws` batches of the same examples: of the losses and of the squared
 * norms, each a square before the mean. What tokens were routed where is the same in every draw.
 * A batch of means follows its last draw.
 */
export async function* meanOverDraws(
  batches: AsyncIterable<BatchStatistics>,
  draws: number,
): AsyncGenerator<BatchStatistics> {
  const unfinished = new Map<number, BatchStatistics[]>();
  for await (const batch of batches) {
    const [first = -1] = batch.examples;
    const drawn = [...(unfinished.get(first) ?? []), batch];
    unfinished.set(first, drawn);
    if (drawn.length < draws) continue;
    unfinished.delete(first);
    yield draws === 1 ? batch : meanOf(drawn, batch);
  }
}

function meanOf(
  drawn: readonly BatchStatistics[],
  { examples, squaredNorms, routedTokens }: BatchStatistics,
) {
  const mean = (vectorOf: (batch: BatchStatistics) => ArrayLike<number> | undefined) =>
    Float64Array.from(examples, (_, row) => {
      const sum = drawn.reduce((total, batch) => total + (vectorOf(batch)?.[row] ?? Number.NaN), 0);
      return sum / drawn.length;
    });
  return {
    examples,
    losses: mean(({ losses }) => losses),
    squaredNorms: new Map(
      [...squaredNorms.keys()].map((name) => [name, mean((batch) => batch.squaredNorms.get(name))]),
    ),
    routedTokens,
  };
}
