import {
  LayersenseError,
  methodOf,
  type ScoresQuery,
  type StoredScore,
  scoringMethods,
} from '@layersense/contracts';
import { confidenceInterval } from '@layersense/statistics';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { parseId, showId, unknownId } from '../ids.js';

export type ScoresRepository = ReturnType<typeof createScoresRepository>;

export function createScoresRepository(prisma: PrismaClient) {
  return {
    /**
     * The scores of the newest run per (model, revision, dataset, method), or of `run_id` alone,
     * in one metric per run: the one that ranks it unless the query names another.
     *
     * @throws invalid_request for a metric that the method, or every method, lacks
     * @throws not_found for a run_id that names no run
     */
    async query(query: ScoresQuery): Promise<StoredScore[]> {
      assertMetric(query);
      if (query.run_id !== undefined) await assertRun(prisma, query.run_id);
      const rows = await prisma.$queryRaw<StoredScoreRow[]>(scoresSql(query));
      return rows.map(toStoredScore);
    },
  };
}

interface StoredScoreRow
  extends Omit<StoredScore, 'numel' | 'routed_tokens' | 'confidence_interval' | 'run_id'> {
  readonly numel: bigint | null;
  readonly routed_tokens: bigint | null;
  readonly run_uuid: string;
}

/**
 * `share_of_max` is taken over the whole run, whatever the filters leave. Layers with equal values
 * come in the order of their names, so that an answer never depends on how it was computed.
 */
function scoresSql(query: ScoresQuery): Prisma.Sql {
  return Prisma.sql`
    SELECT chosen.model, chosen.revision, chosen.dataset, chosen.method, score.metric,
      layer.layer, layer.parameter, layer.module, layer.block, layer.shape, layer.numel,
      score.value, score.rank, score.n, score.standard_error,
      score.routed_tokens, score.routed_examples,
      score.value / NULLIF(peak.value, 0) AS share_of_max, chosen.id AS run_uuid
    FROM (${newestRuns(query)}) AS chosen
    CROSS JOIN LATERAL (
      SELECT max(value) AS value FROM layer_score
      WHERE run_id = chosen.id AND metric = chosen.metric
    ) AS peak
    JOIN layer_score AS score ON score.run_id = chosen.id AND score.metric = chosen.metric
    JOIN layer ON layer.id = score.layer_id
    WHERE ${allOf(layerFilters(query))}
    ORDER BY ${ORDER[query.sort]}, layer.layer, layer.parameter, chosen.id
    LIMIT ${query.top}`;
}

const ORDER: Record<ScoresQuery['sort'], Prisma.Sql> = {
  value: Prisma.sql`score.value ASC NULLS LAST`,
  '-value': Prisma.sql`score.value DESC NULLS LAST`,
  layer: Prisma.sql`layer.layer ASC`,
  '-layer': Prisma.sql`layer.layer DESC`,
};

/** A run is stored when it has succeeded, so that the newest run is the newest succeeded one. */
function newestRuns(query: ScoresQuery): Prisma.Sql {
  return Prisma.sql`
    SELECT DISTINCT ON (run.model_id, run.dataset_id, run.method)
      run.id, model.name AS model, model.revision, dataset.name AS dataset, run.method,
      ${query.metric === undefined ? Prisma.sql`run.metrics[1]` : Prisma.sql`${query.metric}::text`} AS metric
    FROM run
    JOIN model ON model.id = run.model_id
    LEFT JOIN dataset ON dataset.id = run.dataset_id
    WHERE ${allOf(runFilters(query))}
    ORDER BY run.model_id, run.dataset_id, run.method, run.created_at DESC, run.id DESC`;
}

function runFilters({ model, revision, dataset, method, run_id }: ScoresQuery): Prisma.Sql[] {
  return [
    ...(model === undefined ? [] : [Prisma.sql`model.name = ${model}`]),
    ...(revision === undefined ? [] : [Prisma.sql`model.revision = ${revision}`]),
    ...(dataset === undefined ? [] : [Prisma.sql`dataset.name = ${dataset}`]),
    ...(method === undefined ? [] : [Prisma.sql`run.method = ${method}`]),
    ...(run_id === undefined ? [] : [Prisma.sql`run.id = ${parseId('run', run_id)}::uuid`]),
  ];
}

function layerFilters({ layer, module, block }: ScoresQuery): Prisma.Sql[] {
  return [
    ...(layer === undefined ? [] : [Prisma.sql`layer.layer LIKE ${globToLike(layer)}`]),
    ...(module === undefined ? [] : [Prisma.sql`layer.module = ${module}`]),
    ...(block === undefined ? [] : [Prisma.sql`layer.block = ${block}`]),
  ];
}

function allOf(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.sql`TRUE` : Prisma.join([...conditions], ' AND ');
}

/** `*` is any text and `?` any one character; everything else stands for itself. */
function globToLike(glob: string): string {
  return glob
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}

function toStoredScore({
  run_uuid,
  numel,
  routed_tokens: routed,
  ...row
}: StoredScoreRow): StoredScore {
  return {
    ...row,
    numel: numel === null ? null : Number(numel),
    routed_tokens: routed === null ? null : Number(routed),
    confidence_interval: confidenceInterval(row.value, row.standard_error, row.n),
    run_id: showId('run', run_uuid),
  };
}

function assertMetric({ method, metric }: ScoresQuery): void {
  const asked = method === undefined ? scoringMethods() : [methodOf(method)];
  if (metric === undefined || asked.some((each) => each.hasMetric(metric))) return;
  const known = asked.map(({ metricNames }) => metricNames).join(', ');
  throw new LayersenseError(
    'invalid_request',
    `There is no metric '${metric}'${method ? ` of ${method}` : ''}. Ask for one of ${known}.`,
    { metric },
  );
}

async function assertRun(prisma: PrismaClient, runId: string): Promise<void> {
  const row = await prisma.run.findUnique({
    where: { id: parseId('run', runId) },
    select: { id: true },
  });
  if (row === null) throw unknownId('run', runId);
}
