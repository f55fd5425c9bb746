/**
 * The largest sizes that are taken for real, each several times beyond any published model. Lists as
 * long as a head is wide, or with an entry per layer, are made before any tensor is looked at, and a
 * config.json may come from anyone.
 */
const limits: Readonly<Record<string, number>> = {
  num_hidden_layers: 4096,
  n_layer: 4096,
  num_attention_heads: 2 ** 14,
  num_key_value_heads: 2 ** 14,
  n_head: 2 ** 14,
  head_dim: 2 ** 14,
  hidden_size: 2 ** 20,
  n_embd: 2 ** 20,
  intermediate_size: 2 ** 22,
  n_inner: 2 ** 22,
  moe_intermediate_size: 2 ** 22,
  shared_expert_intermediate_size: 2 ** 22,
  num_local_experts: 2 ** 14,
  num_experts: 2 ** 14,
  vocab_size: 2 ** 24,
  max_position_embeddings: 2 ** 31,
  n_positions: 2 ** 31,
  // The share of a head that is rotated.
  partial_rotary_factor: 1,
};

/** A sentence for every size in `config`, nested ones included, that no model has. */
export function impossibleSizes(config: unknown): readonly string[] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const limit = Object.hasOwn(limits, key) ? limits[key] : undefined;
    if (limit === undefined || typeof value !== 'number') return impossibleSizes(value);
    return value > limit
      ? [`${key}: ${value} is more than ${limit}, the most that is taken for real`]
      : [];
  });
}
