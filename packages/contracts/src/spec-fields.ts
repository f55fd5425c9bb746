import { z } from 'zod';

export const Device = z.enum(['auto', 'cpu', 'cuda', 'webgpu']).meta({ id: 'Device' });
export type Device = z.infer<typeof Device>;

/** What the calibration examples are: a named set, or a file under an allowed root. */
export const DatasetSpec = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .describe(
        'gsm8k, wikitext, math, sst2, imdb, ag_news, or the path of a .jsonl, .txt or .parquet file',
      ),
    split: z.string().min(1).optional().describe("the named set's split; its default when absent"),
    format: z
      .enum(['question', 'question-answer'])
      .optional()
      .describe('gsm8k and math: the question alone, or both through the chat template'),
    revision: z.string().min(1).optional(),
  })
  .meta({ id: 'DatasetSpec' });
export type DatasetSpec = z.infer<typeof DatasetSpec>;

/** What one job computes, whatever its method. */
export interface AnyJobSpec {
  readonly method: string;
  readonly model: string;
  readonly revision?: string | undefined;
  readonly device: Device;
  /** Absent where the method is data-free. */
  readonly dataset?: DatasetSpec | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The fields of every method's schema. */
export const sharedFields = {
  model: z
    .string()
    .min(1)
    .max(1024)
    .describe('a Hub repository, or a folder under an allowed root'),
  revision: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('branch, tag or commit; main by default'),
  device: Device.default('auto'),
};

/** For methods that need examples: a name alone, or all of it. */
export const datasetField = z.union([
  z
    .string()
    .min(1)
    .max(1024)
    .transform((name): DatasetSpec => ({ name })),
  DatasetSpec,
]);
