import type { ListRunsQuery, RunSummary } from '@layersense/contracts';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { decodeCursor, type ListOf, type Page, pageOf } from '../list-cursor.js';
import { toRun } from './run-row.js';

/**
 * Runs, newest first, without what grows with their examples.
 *
 * @throws invalid_request when the cursor is not of this list
 */
export async function listRuns(
  prisma: PrismaClient,
  { limit, cursor, ...filters }: ListRunsQuery,
): Promise<Page<RunSummary>> {
  const of: ListOf = { list: 'runs', ...filters };
  const rows = await prisma.run.findMany({
    where: {
      ...whereOf(filters),
      ...(cursor === undefined ? {} : beyond(cursor, of)),
    },
    omit: { example_losses: true, dataset_provenance: true },
    orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  const { data, ...page } = pageOf(rows, limit, of);
  const datasets = await provenance(
    prisma,
    data.map(({ id }) => id),
  );
  const summaries = data.map((row): RunSummary => {
    const dataset_provenance = datasets.get(row.id) ?? null;
    const {
      example_losses: _,
      dataset,
      ...run
    } = toRun({
      ...row,
      example_losses: null,
      dataset_provenance,
    });
    return { ...run, dataset };
  });
  return { ...page, data: summaries };
}

/** The filters that were asked for: Prisma's types refuse `undefined`, which is no filter to us. */
function whereOf(filters: Omit<ListRunsQuery, 'limit' | 'cursor'>): Prisma.RunWhereInput {
  const { model, revision, dataset, method, imported } = filters;
  return {
    ...(model === undefined && revision === undefined
      ? {}
      : {
          model: {
            ...(model === undefined ? {} : { name: model }),
            ...(revision === undefined ? {} : { revision }),
          },
        }),
    ...(dataset === undefined ? {} : { dataset: { name: dataset } }),
    ...(method === undefined ? {} : { method }),
    ...(imported === undefined ? {} : { imported }),
  };
}

function beyond(cursor: string, of: ListOf): Prisma.RunWhereInput {
  const { created_at, id } = decodeCursor(cursor, of);
  return {
    created_at: { lte: created_at },
    OR: [{ created_at: { lt: created_at } }, { id: { lt: id } }],
  };
}

/** What each run says of its dataset, without the examples, by the run's uuid. */
async function provenance(
  prisma: PrismaClient,
  uuids: readonly string[],
): Promise<Map<string, Prisma.JsonValue>> {
  if (uuids.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ id: string; dataset: Prisma.JsonValue }[]>`
    SELECT id, dataset_provenance - 'indices' - 'example_hashes' AS dataset
    FROM run WHERE id IN (${Prisma.join(uuids.map((uuid) => Prisma.sql`${uuid}::uuid`))})`;
  return new Map(rows.map(({ id, dataset }) => [id, dataset]));
}
