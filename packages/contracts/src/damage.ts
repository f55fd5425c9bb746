import { z } from 'zod';
import { PricedRun } from './score.js';

/** How a predicted damage was told: from marginals, or from the whole squared gradient alone. */
export const DamageTier = z.enum(['priced', 'scalar']).meta({ id: 'DamageTier' });
export type DamageTier = z.infer<typeof DamageTier>;

/** What a format does to a matrix, or to a part of a packed one, as a run has it stored. */
export interface MatrixDamage {
  readonly parameter: string;
  readonly format: string;
  readonly numel: number;
  readonly bitsPerWeight: number;
  /** ‖ΔW‖²_F. */
  readonly squaredError: number;
  /** c ‖ΔW‖² in nats per token, and its standard error where there is one. */
  readonly scalarKl: number;
  readonly scalarError: number | null;
  /** There where the matrix has marginals. */
  readonly products?: GroupedProducts | undefined;
}

/** B[g,h] = r_gᵀ (ΔW ∘ ΔW) c_h, row by row over the groups, and R_g = Σ_a r_g,a. */
export interface GroupedProducts {
  readonly products: Float64Array;
  readonly sums: Float64Array;
}

/** What a run that prices formats has beside its scores. */
export interface RunDamage {
  readonly matrices: readonly MatrixDamage[];
}

const interval = z.tuple([z.number(), z.number()]).nullable();

/** What giving one matrix one format is predicted to do: KL(model ‖ model with it), nats per token. */
export const PredictedDamage = z
  .object({
    parameter: z.string(),
    format: z.string(),
    predicted_kl: z.number(),
    /** Of the jackknife over eight groups of examples; null with fewer. */
    standard_error: z.number().nullable(),
    /** 95 %, by Student's t of seven degrees of freedom. */
    confidence_interval: interval,
    tier: DamageTier,
    bits_per_weight: z.number(),
    /** The scalar form, c ‖ΔW‖², which is the prediction itself where `tier` is `scalar`. */
    scalar_kl: z.number(),
  })
  .meta({ id: 'PredictedDamage' });
export type PredictedDamage = z.infer<typeof PredictedDamage>;

/** All matrices that have a format in it: damage adds up. */
export const FormatTotal = z
  .object({
    format: z.string(),
    matrices: z.number().int(),
    predicted_kl: z.number(),
    standard_error: z.number().nullable(),
    confidence_interval: interval,
    bits_per_weight: z.number(),
  })
  .meta({ id: 'FormatTotal' });
export type FormatTotal = z.infer<typeof FormatTotal>;

export const DamageList = z
  .object({
    object: z.literal('list'),
    /** The run that priced them, and the one whose gradients it took. */
    run_id: z.string(),
    priced_run: PricedRun,
    data: z.array(PredictedDamage),
    totals: z.array(FormatTotal),
  })
  .meta({ id: 'DamageList' });
export type DamageList = z.infer<typeof DamageList>;

/** `GET /damage`: of one run, or the newest that priced formats of the model. */
export const DamageQuery = z
  .strictObject({
    model: z.string().min(1).optional(),
    revision: z.string().min(1).optional(),
    run: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('a run of the method price, or the Fisher run whose newest such run is meant'),
    formats: z
      .string()
      .transform((names) => names.split(','))
      .optional()
      .describe('names of formats, with commas; all that the run has when absent'),
  })
  .refine(({ model, run }) => model !== undefined || run !== undefined, {
    path: ['model'],
    message: 'say which model, or which run',
  });
export type DamageQuery = z.infer<typeof DamageQuery>;
