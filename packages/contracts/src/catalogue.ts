import { z } from 'zod';
import { Method } from './job-spec.js';
import { Run, RunDataset } from './score.js';

const timestamp = z.iso.datetime({ offset: true });

const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional().describe('next_cursor of the page before'),
};

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  });

/** A model revision that has runs. */
export const KnownModel = z
  .object({
    name: z.string(),
    revision: z.string(),
    model_type: z.string().nullable(),
    parameters: z.number().int().nullable(),
    runs: z.number().int(),
    newest_run_at: timestamp,
  })
  .meta({ id: 'KnownModel' });
export type KnownModel = z.infer<typeof KnownModel>;
export const KnownModelList = listOf(KnownModel).meta({ id: 'KnownModelList' });

/** A dataset that has runs. */
export const KnownDataset = z
  .object({ name: z.string(), runs: z.number().int(), newest_run_at: timestamp })
  .meta({ id: 'KnownDataset' });
export type KnownDataset = z.infer<typeof KnownDataset>;
export const KnownDatasetList = listOf(KnownDataset).meta({ id: 'KnownDatasetList' });

export const ListKnownQuery = z.strictObject({
  name: z.string().optional(),
  ...page,
});
export type ListKnownQuery = z.infer<typeof ListKnownQuery>;

/** A run without what grows with its examples; `GET /runs/{id}` has that too. */
export const RunSummary = Run.omit({ example_losses: true })
  .extend({ dataset: RunDataset.omit({ indices: true, example_hashes: true }).nullable() })
  .meta({ id: 'RunSummary' });
export type RunSummary = z.infer<typeof RunSummary>;
export const RunSummaryList = listOf(RunSummary).meta({ id: 'RunSummaryList' });

export const ListRunsQuery = z.strictObject({
  model: z.string().optional(),
  revision: z.string().optional(),
  dataset: z.string().optional(),
  method: Method.optional(),
  imported: z.stringbool().optional(),
  ...page,
});
export type ListRunsQuery = z.infer<typeof ListRunsQuery>;

/** How scores can be computed, and what the request may say about it. */
export const MethodInfo = z
  .object({
    object: z.literal('method'),
    name: Method,
    version: z.string(),
    /** What its numbers mean with the parameters' defaults, or those of an example where these are none. */
    definition: z.string(),
    /** The first one ranks the layers. */
    metrics: z.array(z.string()),
    needs_dataset: z.boolean(),
    /** JSON Schema (draft 2020-12) of `params` in `POST /jobs`. */
    params: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'MethodInfo' });
export type MethodInfo = z.infer<typeof MethodInfo>;

export const MethodList = z
  .object({ object: z.literal('list'), data: z.array(MethodInfo) })
  .meta({ id: 'MethodList' });

/** More runs than these are merged on the command line, without a service waiting for it. */
const MOST_MERGED_RUNS = 64;

export const MergeRunsRequest = z
  .strictObject({
    runs: z
      .array(z.string().min(1).max(64))
      .min(2)
      .max(MOST_MERGED_RUNS)
      .describe('ids of Fisher runs over disjoint examples'),
  })
  .meta({
    id: 'MergeRunsRequest',
    examples: [
      {
        runs: [
          'run_01935b7c-0000-7000-8000-000000000000',
          'run_01935b7c-0000-7000-8000-000000000001',
        ],
      },
    ],
  });
