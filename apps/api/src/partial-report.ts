import type { Job, PartialScoreReport } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { partialScores } from '@layersense/runs';

/** Undefined while no batch of the job has been finished and stored. */
export async function partialReport(
  { jobs }: Database,
  { id, status }: Job,
): Promise<PartialScoreReport | undefined> {
  const layout = await jobs.batches.layout(id);
  if (layout === undefined) return undefined;
  const stored = await jobs.batches.load(id);
  const batches = stored.filter(({ identity }) => identity === layout.identity);
  const examples = new Set(batches.flatMap(({ positions }) => positions)).size;
  if (examples === 0) return undefined;
  const scores = partialScores({ ...layout, batches });
  return { object: 'partial_scores', job_id: id, status, examples, scores };
}
