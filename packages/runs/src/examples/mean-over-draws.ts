import type { BatchMarginals, BatchStatistics } from './fisher-accumulator.js';

/**
 * One batch of means for every `draws` batches of the same examples: of the losses, of the squared
 * norms and of the marginals, each a square before the mean. What tokens were routed where is the same in every draw.
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
  { examples, squaredNorms, routedTokens, marginals }: BatchStatistics,
): BatchStatistics {
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
    ...(marginals && {
      marginals: new Map([...marginals.keys()].map((name) => [name, meanMarginals(drawn, name)])),
    }),
  };
}

function meanMarginals(drawn: readonly BatchStatistics[], name: string): BatchMarginals {
  const mean = (over: keyof BatchMarginals) => {
    const [first, ...others] = drawn.map((batch) => ofExamples(batch, name, over));
    const sums = Float64Array.from(first ?? []);
    for (const values of others) {
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (values[i] ?? Number.NaN);
    }
    return sums.map((sum) => sum / drawn.length);
  };
  return { byOutput: mean('byOutput'), byInput: mean('byInput') };
}

/** Without the rows of padding, which a mean of losses has not either. */
function ofExamples(
  { examples, losses, marginals }: BatchStatistics,
  name: string,
  over: keyof BatchMarginals,
): BatchMarginals[keyof BatchMarginals] {
  const values = marginals?.get(name)?.[over] ?? new Float64Array();
  return values.subarray(0, (values.length / losses.length) * examples.length);
}
