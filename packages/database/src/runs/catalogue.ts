import type { KnownDataset, KnownModel, ListKnownQuery } from '@layersense/contracts';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { decodeCursor, type ListOf, type Page, pageOf } from '../list-cursor.js';

export type Catalogue = ReturnType<typeof createCatalogue>;

interface Counted {
  readonly key: number;
  readonly name: string;
  readonly runs: number;
  readonly newest_run_at: Date;
}

interface CountedModel extends Counted {
  readonly revision: string;
  readonly model_type: string | null;
  readonly parameters: bigint | null;
}

/**
 * What the store has scores of, the most recently scored first. Paging is by position, so what is
 * scored anew meanwhile is not met again on a later page.
 */
export function createCatalogue(prisma: PrismaClient) {
  return {
    /** @throws invalid_request when the cursor is not of this list */
    async models(query: ListKnownQuery = { limit: 50 }): Promise<Page<KnownModel>> {
      const of: ListOf = { list: 'models', name: query.name };
      const rows = await prisma.$queryRaw<CountedModel[]>`
        SELECT model.id AS key, model.name, model.revision, model.model_type, model.parameters,
          count(*)::int AS runs, max(run.created_at) AS newest_run_at
        FROM model JOIN run ON run.model_id = model.id
        ${selection(query, of, 'model')}`;
      return shown(rows, query.limit, of, ({ revision, model_type, parameters, ...counted }) => ({
        name: counted.name,
        revision,
        model_type,
        parameters: parameters === null ? null : Number(parameters),
        ...counts(counted),
      }));
    },

    /** @throws invalid_request when the cursor is not of this list */
    async datasets(query: ListKnownQuery = { limit: 50 }): Promise<Page<KnownDataset>> {
      const of: ListOf = { list: 'datasets', name: query.name };
      const rows = await prisma.$queryRaw<Counted[]>`
        SELECT dataset.id AS key, dataset.name,
          count(*)::int AS runs, max(run.created_at) AS newest_run_at
        FROM dataset JOIN run ON run.dataset_id = dataset.id
        ${selection(query, of, 'dataset')}`;
      return shown(rows, query.limit, of, (row) => ({ name: row.name, ...counts(row) }));
    },
  };
}

function selection(
  { name, limit, cursor }: ListKnownQuery,
  of: ListOf,
  table: 'model' | 'dataset',
): Prisma.Sql {
  const id = Prisma.raw(`${table}.id`);
  const named =
    name === undefined ? Prisma.sql`TRUE` : Prisma.sql`${Prisma.raw(table)}.name = ${name}`;
  return Prisma.sql`
    WHERE ${named}
    GROUP BY ${id}
    HAVING ${cursor === undefined ? Prisma.sql`TRUE` : beyond(cursor, of, id)}
    ORDER BY newest_run_at DESC, ${id} DESC
    LIMIT ${limit + 1}`;
}

function beyond(cursor: string, of: ListOf, id: Prisma.Sql): Prisma.Sql {
  const position = decodeCursor(cursor, of);
  return Prisma.sql`(max(run.created_at), ${id}) < (${position.created_at}, ${Number(position.id)})`;
}

function shown<Row extends Counted, Shown>(
  rows: readonly Row[],
  limit: number,
  of: ListOf,
  show: (row: Row) => Shown,
): Page<Shown> {
  const positions = rows.map((row) => ({
    created_at: row.newest_run_at,
    id: String(row.key),
    row,
  }));
  const { data, ...page } = pageOf(positions, limit, of);
  return { ...page, data: data.map(({ row }) => show(row)) };
}

const counts = ({ runs, newest_run_at }: Counted) => ({
  runs,
  newest_run_at: newest_run_at.toISOString(),
});
