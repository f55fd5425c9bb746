import type { PrismaClient } from './generated/prisma/client.js';

/** A model revision that has runs. */
export interface KnownModel {
  readonly name: string;
  readonly revision: string;
  readonly model_type: string | null;
  readonly parameters: number | null;
  readonly runs: number;
  readonly newest_run_at: string;
}

/** A dataset that has runs. */
export interface KnownDataset {
  readonly name: string;
  readonly runs: number;
  readonly newest_run_at: string;
}

export type Catalogue = ReturnType<typeof createCatalogue>;

interface Counted {
  readonly runs: number;
  readonly newest_run_at: Date;
}

/** What the store has scores of, the most recently scored first. */
export function createCatalogue(prisma: PrismaClient) {
  return {
    async models(): Promise<KnownModel[]> {
      const rows = await prisma.$queryRaw<
        (Counted &
          Omit<KnownModel, 'newest_run_at' | 'parameters'> & { parameters: bigint | null })[]
      >`
        SELECT model.name, model.revision, model.model_type, model.parameters,
          count(*)::int AS runs, max(run.created_at) AS newest_run_at
        FROM model JOIN run ON run.model_id = model.id
        GROUP BY model.id
        ORDER BY newest_run_at DESC, model.id DESC`;
      return rows.map(({ parameters, newest_run_at, ...row }) => ({
        ...row,
        parameters: parameters === null ? null : Number(parameters),
        newest_run_at: newest_run_at.toISOString(),
      }));
    },

    async datasets(): Promise<KnownDataset[]> {
      const rows = await prisma.$queryRaw<(Counted & { name: string })[]>`
        SELECT dataset.name, count(*)::int AS runs, max(run.created_at) AS newest_run_at
        FROM dataset JOIN run ON run.dataset_id = dataset.id
        GROUP BY dataset.id
        ORDER BY newest_run_at DESC, dataset.id DESC`;
      return rows.map((row) => ({ ...row, newest_run_at: row.newest_run_at.toISOString() }));
    },
  };
}
