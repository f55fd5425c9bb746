import type {
  DamageQuery,
  JobSpec,
  LayerScore,
  ListRunsQuery,
  Run,
  ScoreReport,
} from '@layersense/contracts';
import { confidenceInterval } from '@layersense/statistics';
import type { PrismaClient, Run as RunRow } from '../generated/prisma/client.js';
import { parseId, unknownId } from '../ids.js';
import { toJson } from '../jobs/job-row.js';
import { findDamage, type StoredDamage } from './run-damage.js';
import { listRuns } from './run-lists.js';
import { RunMarginalsReader } from './run-marginals.js';
import { toRun } from './run-row.js';
import { type NewReport, saveRun } from './save-run.js';

export type RunsRepository = ReturnType<typeof createRunsRepository>;

/** What a score says of every example. */
type ExampleValues = Pick<
  LayerScore,
  'per_example' | 'per_example_routed_tokens' | 'other_metrics'
>;

export interface ExamplesOfModel {
  readonly model: Pick<Run['model'], 'name' | 'revision'>;
  readonly method: string;
  /** The hashes of the examples asked for; see `RunDataset.example_hashes`. */
  readonly exampleHashes: readonly string[];
}

/** Runs of one model that differ in loss or labels; more than these nobody has over one draw. */
const SUBSET_CANDIDATES = 50;

/** Runs of one identity that differ in device or seed; more than these are repetitions. */
const EQUAL_CANDIDATES = 20;

export function createRunsRepository(prisma: PrismaClient) {
  const find = async (id: string): Promise<RunRow> => {
    const row = await prisma.run.findUnique({ where: { id: parseId('run', id) } });
    if (row === null) throw unknownId('run', id);
    return row;
  };

  const reportOf = async (row: RunRow, perExample: boolean): Promise<ScoreReport> => {
    const run = toRun(row);
    const rows = await prisma.layerScore.findMany({
      where: { run_id: row.id },
      omit: { per_example: !perExample, per_example_routed_tokens: !perExample },
      include: { layer: true },
      orderBy: [{ rank: 'asc' }, { layer_id: 'asc' }],
    });
    return { run, scores: toLayerScores(run.metrics, rows) };
  };

  return {
    /** Runs, newest first, without what grows with their examples. @throws invalid_request */
    list: (query: ListRunsQuery) => listRuns(prisma, query),

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

    /** Whether a run of this id is stored. */
    async exists(id: string): Promise<boolean> {
      return (await prisma.run.count({ where: { id: parseId('run', id) } })) > 0;
    },

    /** The newest run that `accepts` takes of those whose numbers are determined by the same inputs. */
    async findByIdentity(
      identity: string,
      accepts: (run: Run) => boolean = () => true,
    ): Promise<Run | undefined> {
      const rows = await prisma.run.findMany({
        where: { identity },
        orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
        take: EQUAL_CANDIDATES,
      });
      return rows.map(toRun).find(accepts);
    },

    /** The run of the newest job that succeeded with this very spec. */
    async findBySpec(spec: JobSpec): Promise<Run | undefined> {
      const { model, method } = spec;
      const job = await prisma.job.findFirst({
        where: { model, method, status: 'succeeded', spec: { equals: toJson(spec) } },
        orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
        include: { run: true },
      });
      return job?.run ? toRun(job.run) : undefined;
    },

    /**
     * The computed run by the method of the model with the most examples, the newest among equals, of those
     * over some of these examples and no others that `accepts` takes. With per-example values.
     */
    async findSubset(
      { model, method, exampleHashes }: ExamplesOfModel,
      accepts: (run: Run) => boolean,
    ): Promise<ScoreReport | undefined> {
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        SELECT run.id FROM run JOIN model ON model.id = run.model_id
        CROSS JOIN LATERAL (SELECT dataset_provenance -> 'example_hashes' AS hashes) AS examples
        WHERE model.name = ${model.name} AND model.revision = ${model.revision}
          AND run.method = ${method} AND NOT run.imported
          AND jsonb_array_length(hashes) BETWEEN 1 AND ${exampleHashes.length - 1}
          AND hashes <@ ${JSON.stringify(exampleHashes)}::jsonb
        ORDER BY jsonb_array_length(hashes) DESC, run.created_at DESC, run.id DESC
        LIMIT ${SUBSET_CANDIDATES}`;
      for (const { id } of rows) {
        const row = await prisma.run.findUnique({ where: { id } });
        if (row !== null && accepts(toRun(row))) return await reportOf(row, true);
      }
      return undefined;
    },

    /** @throws not_found for an unknown run */
    async marginals(id: string): Promise<RunMarginalsReader> {
      return new RunMarginalsReader(prisma, await find(id));
    },

    /** What formats are predicted to do. @throws not_found, invalid_request */
    damage(query: DamageQuery): Promise<StoredDamage> {
      return findDamage(prisma, query);
    },

    /** The per-example values of some of the run's scores, by parameter. */
    async perExample(
      id: string,
      parameters: readonly string[],
    ): Promise<Map<string, ExampleValues>> {
      const { id: run_id, metrics } = await find(id);
      const rows = await prisma.layerScore.findMany({
        where: { run_id, layer: { parameter: { in: [...parameters] } } },
        include: { layer: true },
      });
      return new Map(
        toLayerScores(metrics, rows).map((score) => [score.parameter, examplesIn(score)]),
      );
    },

    /**
     * A run with its scores in rank order, as they were saved.
     *
     * @throws not_found
     */
    async report(id: string, { perExample = false } = {}): Promise<ScoreReport> {
      return await reportOf(await find(id), perExample);
    },
  };
}

interface ScoreRow {
  metric: string;
  value: number | null;
  rank: number;
  n: number | null;
  m2: number | null;
  standard_error: number | null;
  top_k_probability: number | null;
  per_example?: number[];
  routed_tokens: bigint | null;
  routed_examples: number | null;
  per_example_routed_tokens?: number[];
  layer_id: number;
  layer: { layer: string; parameter: string; shape: number[]; numel: bigint | null };
}

/** The row of the first metric makes the score, and the others add their values to it. */
function toLayerScores(metrics: readonly string[], rows: readonly ScoreRow[]): LayerScore[] {
  const scores = new Map<number, LayerScore>();
  for (const row of rows) {
    if (row.metric !== metrics[0]) continue;
    const { layer, value, rank, n, standard_error, routed_tokens: tokens } = row;
    const interval = confidenceInterval(value, standard_error, n);
    scores.set(row.layer_id, {
      layer: layer.layer,
      parameter: layer.parameter,
      shape: layer.shape,
      numel: layer.numel === null ? null : Number(layer.numel),
      n,
      values: Object.fromEntries(metrics.map((metric) => [metric, null])),
      standard_error,
      ...varianceOf(row),
      ...(interval === null ? {} : { confidence_interval: interval }),
      ...(row.top_k_probability === null ? {} : { top_k_probability: row.top_k_probability }),
      routed_tokens: tokens === null ? null : Number(tokens),
      routed_examples: row.routed_examples,
      rank,
      ...examplesOf(row),
    });
  }
  for (const row of rows) {
    const { layer_id, metric, value, standard_error } = row;
    const score = scores.get(layer_id);
    if (!score) continue;
    score.values[metric] = value;
    if (metric === metrics[0] || standard_error === null) continue;
    score.other_metrics = {
      ...score.other_metrics,
      [metric]: { standard_error, ...ownExamples(row) },
    };
  }
  return [...scores.values()];
}

function examplesIn(score: LayerScore): ExampleValues {
  const { per_example: values, per_example_routed_tokens: routed, other_metrics: others } = score;
  return {
    ...(values ? { per_example: values } : {}),
    ...(routed ? { per_example_routed_tokens: routed } : {}),
    ...(others ? { other_metrics: others } : {}),
  };
}

type ExampleColumns = Pick<ScoreRow, 'per_example' | 'per_example_routed_tokens'>;

function examplesOf({ per_example_routed_tokens: routed = [], ...row }: ExampleColumns) {
  return {
    ...ownExamples(row),
    ...(routed.length > 0 ? { per_example_routed_tokens: routed } : {}),
  };
}

function ownExamples({ per_example: values = [] }: ExampleColumns): { per_example?: number[] } {
  return values.length > 0 ? { per_example: values } : {};
}

function varianceOf({ n, m2 }: ScoreRow): { variance?: number } {
  return n === null || n < 2 || !Number.isFinite(m2) || m2 === null
    ? {}
    : { variance: m2 / (n - 1) };
}
