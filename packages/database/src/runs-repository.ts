import type { LayerScore, Run, ScoreReport } from '@layersense/contracts';
import type { PrismaClient, Run as RunRow } from './generated/prisma/client.js';
import { parseId, unknownId } from './ids.js';
import { toRun } from './run-row.js';
import { type NewReport, saveRun } from './save-run.js';

export type RunsRepository = ReturnType<typeof createRunsRepository>;

export function createRunsRepository(prisma: PrismaClient) {
  const find = async (id: string): Promise<RunRow> => {
    const row = await prisma.run.findUnique({ where: { id: parseId('run', id) } });
    if (row === null) throw unknownId('run', id);
    return row;
  };

  return {
    /**
     * Stores a run with its scores, and with `jobId` ends that job, all or nothing.
     *
     * @throws non_finite_gradient, non_finite_weight, invalid_request or tensor_mismatch for
     *   scores that cannot be stored
     * @throws canceled or job_finished when the job has left the queue and the worker's hands
     */
    save(report: NewReport, { jobId }: { jobId?: string } = {}): Promise<Run> {
      return saveRun(prisma, report, jobId);
    },

    /** @throws not_found */
    async get(id: string): Promise<Run> {
      return toRun(await find(id));
    },

    /** The newest run whose numbers are determined by the same inputs. */
    async findByIdentity(identity: string): Promise<Run | undefined> {
      const row = await prisma.run.findFirst({
        where: { identity },
        orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
      });
      return row === null ? undefined : toRun(row);
    },

    /**
     * A run with its scores in rank order, as they were saved.
     *
     * @throws not_found
     */
    async report(id: string, { perExample = false } = {}): Promise<ScoreReport> {
      const row = await find(id);
      const run = toRun(row);
      const rows = await prisma.layerScore.findMany({
        where: { run_id: row.id },
        omit: { per_example: !perExample },
        include: { layer: true },
        orderBy: [{ rank: 'asc' }, { layer_id: 'asc' }],
      });
      return { run, scores: toLayerScores(run.metrics, rows) };
    },
  };
}

interface ScoreRow {
  metric: string;
  value: number | null;
  rank: number;
  n: number | null;
  standard_error: number | null;
  per_example?: number[];
  layer_id: number;
  layer: { layer: string; parameter: string; shape: number[]; numel: bigint | null };
}

/** The row of the first metric makes the score, and the others add their values to it. */
function toLayerScores(metrics: readonly string[], rows: readonly ScoreRow[]): LayerScore[] {
  const scores = new Map<number, LayerScore>();
  for (const row of rows) {
    if (row.metric !== metrics[0]) continue;
    const { layer, rank, n, standard_error, per_example = [] } = row;
    scores.set(row.layer_id, {
      layer: layer.layer,
      parameter: layer.parameter,
      shape: layer.shape,
      numel: layer.numel === null ? null : Number(layer.numel),
      n,
      values: Object.fromEntries(metrics.map((metric) => [metric, null])),
      standard_error,
      rank,
      ...(per_example.length > 0 ? { per_example } : {}),
    });
  }
  for (const { layer_id, metric, value } of rows) {
    const score = scores.get(layer_id);
    if (score) score.values[metric] = value;
  }
  return [...scores.values()];
}
