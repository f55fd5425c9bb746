import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';
import type { ForwardGraph } from '../forward.js';
import type { OnnxModel } from './onnx-model.js';

/** The keys of config.json that say what a file was exported for. */
const Config = z.object({
  architectures: z.array(z.string()).nullish(),
  max_position_embeddings: z.number().int().positive().nullish(),
  n_positions: z.number().int().positive().nullish(),
});

/**
 * Checks that the model predicts the next token of a text, looking back alone. Its graph does not say
 * so, and an encoder would give numbers without meaning: config.json says it, or a key-value cache.
 *
 * @throws LayersenseError `model_type_unsupported`, `config_invalid`
 */
export function assertPredictsNextToken(model: OnnxModel, config: unknown): void {
  const heads = parse(config).architectures ?? [];
  if (heads.some((head) => /ForCausalLM$|LMHeadModel$/.test(head))) return;
  const cached = model.decoded.inputs.some(({ name }) => name.startsWith('past'));
  if (heads.length === 0 && cached) return;
  const [head] = heads;
  throw new LayersenseError(
    head === undefined ? 'config_invalid' : 'model_type_unsupported',
    head === undefined
      ? `Nothing says whether ${model.file} predicts next tokens. Put the config.json of the model it was exported from beside it.`
      : `${model.file} is a ${head}; only models that predict the next token (…ForCausalLM) can be scored with a next-token loss.`,
    head === undefined ? { file: model.file } : { architecture: head },
  );
}

/** The longest sequence that config.json allows; the file itself may allow less. */
export function maxPositionsOf(config: unknown): number {
  const { max_position_embeddings: positions, n_positions: old } = parse(config);
  return positions ?? old ?? Number.MAX_SAFE_INTEGER;
}

/** The number of tokens a model chooses from. */
export function vocabularyOf({ logits }: Pick<ForwardGraph, 'logits'>): number {
  return logits.shape.at(-1) ?? 0;
}

function parse(config: unknown): z.infer<typeof Config> {
  const parsed = Config.safeParse(config ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new LayersenseError(
    'config_invalid',
    `config.json is not usable: ${issues.join('; ')}. Restore the original config.json of the model.`,
    { issues },
  );
}
