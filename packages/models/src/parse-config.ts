import { LayersenseError } from '@layersense/contracts';
import type { z } from 'zod';
import { impossibleSizes } from './config-limits.js';
import { OTHER_WAYS } from './other-ways.js';

/**
 * The keys of config.json that `schema` asks for.
 * @throws LayersenseError `config_invalid`, and `model_type_unsupported` where nothing is wrong but that
 *   a key asks for a variant that is not in this package
 */
export function parseConfig<T>(schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw, { reportInput: true });
  const oversized = impossibleSizes(raw);
  if (parsed.success && oversized.length === 0) return parsed.data;
  const found = parsed.error?.issues ?? [];
  if (oversized.length === 0 && found.every(isOtherVariant)) throw otherVariant(found);
  const invalid = found.map(
    (issue) => `${issue.path.join('.') || 'config.json'}: ${issue.message}`,
  );
  const issues = [...invalid, ...oversized];
  throw new LayersenseError(
    'config_invalid',
    `config.json is not usable: ${issues.join('; ')}. Correct it, or restore the original config.json of the model.`,
    { issues },
  );
}

type Issue = z.core.$ZodIssue;
type ChoiceIssue = Extract<Issue, { code: 'invalid_value' }>;

/** Whether a value is of the type of those that are known, and none of them. */
function isOtherVariant(issue: Issue): issue is ChoiceIssue {
  if (issue.code !== 'invalid_value' || typeof issue.input === 'object') return false;
  return issue.values.some((known) => known === null || typeof known === typeof issue.input);
}

function otherVariant(issues: readonly Issue[]): LayersenseError {
  const variants = issues.filter(isOtherVariant).map(({ path, input, values }) => {
    const known = values.map((value) => JSON.stringify(value)).join(', ');
    return {
      key: path.join('.'),
      text: `${path.join('.')} ${JSON.stringify(input)}, where ${known} can be scored`,
    };
  });
  return new LayersenseError(
    'model_type_unsupported',
    `config.json asks for ${variants.map(({ text }) => text).join('; for ')}. ${OTHER_WAYS}`,
    { keys: variants.map(({ key }) => key) },
  );
}
