import type { ScoreReport } from '@layersense/contracts';
import type { Database } from '@layersense/database';

const LAYERS_AT_A_TIME = 16;

/**
 * One score per line with the run's id. Values of every example are read for a few layers at a time:
 * all of them may be more than fits into memory.
 */
export async function* ndjsonReport(
  { runs }: Database,
  { run, scores }: ScoreReport,
  perExample: boolean,
): AsyncGenerator<string> {
  for (let start = 0; start < scores.length; start += LAYERS_AT_A_TIME) {
    const some = scores.slice(start, start + LAYERS_AT_A_TIME);
    const parameters = some.map(({ parameter }) => parameter);
    const examples = perExample ? await runs.perExample(run.id, parameters) : undefined;
    for (const score of some) {
      const row = { run_id: run.id, ...score, ...examples?.get(score.parameter) };
      yield `${JSON.stringify(row)}\n`;
    }
  }
}
