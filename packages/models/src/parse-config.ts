import { LayersenseError } from '@layersense/contracts';
import type { z } from 'zod';
import { impossibleSizes } from './config-limits.js';

/**
 * The keys of config.json that `schema` asks for.
 * @throws LayersenseError `config_invalid`
 */
export function parseConfig<T>(schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  const oversized = impossibleSizes(raw);
  if (parsed.success && oversized.length === 0) return parsed.data;
  const invalid = (parsed.error?.issues ?? []).map(
    (issue) => `${issue.path.join('.') || 'config.json'}: ${issue.message}`,
  );
  const issues = [...invalid, ...oversized];
  throw new LayersenseError(
    'config_invalid',
    `config.json is not usable: ${issues.join('; ')}. Restore the original config.json of the model.`,
    { issues },
  );
}
