import type { z } from 'zod';
import type { Heads } from './attention.js';

interface HeadKeys {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads?: number | null | undefined;
  readonly head_dim?: number | null | undefined;
}

/** The heads that config.json describes; `checkHeads` has refused those that are none. */
export function headsOf(config: HeadKeys): Heads {
  const { hidden_size: width, num_attention_heads: query } = config;
  return {
    query,
    keyValue: config.num_key_value_heads ?? query,
    dim: config.head_dim ?? width / query,
  };
}

/** The same keys under the names that any of the architectures has for them. */
type AnyHeadKeys = Partial<HeadKeys> & { readonly n_embd?: number; readonly n_head?: number };

/** Refuses heads of a fractional size, and query heads that cannot share their key-value heads evenly. */
export function checkHeads(config: AnyHeadKeys, context: z.RefinementCtx): void {
  const [width = 0, widthKey] = [
    config.hidden_size ?? config.n_embd,
    'hidden_size' in config ? 'hidden_size' : 'n_embd',
  ];
  const [heads = 1, headsKey] = [
    config.num_attention_heads ?? config.n_head,
    'n_head' in config ? 'n_head' : 'num_attention_heads',
  ];
  const shared = config.num_key_value_heads ?? heads;
  const refuse = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message });
  if ((config.head_dim ?? null) === null && width % heads !== 0) {
    refuse(headsKey, `${heads} heads do not divide a ${widthKey} of ${width}`);
  }
  if (heads % shared !== 0) {
    refuse(
      'num_key_value_heads',
      `${heads} attention heads cannot share ${shared} key-value heads evenly`,
    );
  }
}
