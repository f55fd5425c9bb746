import type { LayerScore, ScoreReport } from '@layersense/contracts';
import type { Database } from '@layersense/database';

const LAYERS_AT_A_TIME = 16;

/**
 * The scores of a stored report with the values of every example, which are read for a few layers at a
 * time: all of them may be more than fits into memory.
 */
export async function* scoresWithExamples(
  { runs }: Database,
  { run, scores }: ScoreReport,
): AsyncGenerator<LayerScore> {
  for (let start = 0; start < scores.length; start += LAYERS_AT_A_TIME) {
    const some = scores.slice(start, start + LAYERS_AT_A_TIME);
    const parameters = some.map(({ parameter }) => parameter);
    const examples = await runs.perExample(run.id, parameters);
    for (const score of some) yield { ...score, ...examples.get(score.parameter) };
  }
}
