import type { TensorRef } from '@layersense/onnx-ir';
import { sameShape } from '@layersense/onnx-ir';
import { z } from 'zod';
import { predictsTokens } from './model-task.js';
import { storedNames } from './stored-names.js';

/** A stored tensor that config.json ties to another: they are to be one parameter. */
export interface DeclaredTie {
  /** The stored tensor that is tied. */
  readonly stored: string;
  /** Stored tensors of which one may be what it is tied to; none where that is not stored. */
  readonly sources: readonly string[];
  /** The name of the one parameter; undefined where the architecture is unknown. */
  readonly parameter: string | undefined;
}

interface TiedNames {
  /** What files without the key mean. */
  readonly byDefault: boolean;
  /** The names of the parameter and of what is tied to it. */
  readonly pairs: readonly (readonly [parameter: string, tied: string])[];
}

const decoder: TiedNames['pairs'] = [['model.embed_tokens.weight', 'lm_head.weight']];

/** The ties by `model_type`, as transformers 5 has them in `_tied_weights_keys`. */
const tiedNames: Readonly<Record<string, TiedNames>> = {
  bert: {
    byDefault: true,
    pairs: [
      ['bert.embeddings.word_embeddings.weight', 'cls.predictions.decoder.weight'],
      ['cls.predictions.bias', 'cls.predictions.decoder.bias'],
    ],
  },
  gpt2: { byDefault: true, pairs: [['transformer.wte.weight', 'lm_head.weight']] },
  gemma2: { byDefault: true, pairs: decoder },
  gemma3_text: { byDefault: true, pairs: decoder },
  ...Object.fromEntries(
    ['llama', 'mistral', 'mixtral', 'olmo2', 'phi', 'phi3', 'stablelm']
      .concat('qwen2', 'qwen2_moe', 'qwen3', 'qwen3_moe')
      .map((type) => [type, { byDefault: false, pairs: decoder }]),
  ),
};

const TieConfig = z.object({
  model_type: z.string().optional().catch(undefined),
  tie_word_embeddings: z.boolean().optional().catch(undefined),
});

/** What config.json ties among the tensors of a checkpoint, whatever they hold. */
export function declaredTies(
  config: unknown,
  tensors: ReadonlyMap<string, TensorRef>,
): readonly DeclaredTie[] {
  const { model_type: type = '', tie_word_embeddings: asked } =
    TieConfig.safeParse(config).data ?? {};
  const known = Object.hasOwn(tiedNames, type) ? tiedNames[type] : undefined;
  if (!(asked ?? known?.byDefault) || !predictsTokens(config)) return [];
  if (!known) return ofUnknownModel(tensors);
  const find = (name: string) => storedNames(name).find((each) => tensors.has(each));
  return known.pairs.flatMap(([parameter, tied]) => {
    const [source, stored] = [find(parameter), find(tied)];
    if (stored === undefined) return [];
    return [{ stored, sources: source === undefined ? [] : [source], parameter }];
  });
}

/** Where this package lacks the architecture, the head is tied to any matrix of its shape. */
function ofUnknownModel(tensors: ReadonlyMap<string, TensorRef>): readonly DeclaredTie[] {
  const stored = 'lm_head.weight';
  const head = tensors.get(stored);
  if (!head) return [];
  const sources = [...tensors]
    .filter(([name, { shape }]) => name !== stored && sameShape(shape, head.shape))
    .map(([name]) => name);
  return [{ stored, sources, parameter: undefined }];
}
