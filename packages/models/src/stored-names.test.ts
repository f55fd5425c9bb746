import { describe, expect, it } from 'vitest';
import { wrappedName } from './stored-names.js';

const wanted = 'model.layers.0.self_attn.q_proj.weight';

describe('wrappedName', () => {
  it.each([
    ['module.model.layers.0.self_attn.q_proj.weight', 'model.module'],
    ['_orig_mod.model.layers.0.self_attn.q_proj.weight', 'model._orig_mod'],
    ['module._orig_mod.layers.0.self_attn.q_proj.weight', 'model.module'],
    ['model.layers.0.self_attn.q_proj.base_layer.weight', 'merge_and_unload()'],
    ['base_model.model.model.layers.0.self_attn.q_proj.weight', 'merge_and_unload()'],
    ['base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight', 'merge_and_unload()'],
    ['language_model.model.layers.0.self_attn.q_proj.weight', '"language_model."'],
    ['model.language_model.layers.0.self_attn.q_proj.weight', '"model.language_model."'],
  ])('knows %s', (stored, advice) => {
    const names = ['model.embed_tokens.weight', stored];
    expect(wrappedName(names, wanted)).toEqual({
      stored,
      reason: expect.stringContaining(advice),
    });
  });

  it('takes no other module for a wrapped one', () => {
    const names = [
      'model.layers.10.self_attn.q_proj.weight',
      'model.layers.0.self_attn.k_proj.weight',
    ];
    expect(wrappedName(names, wanted)).toBeUndefined();
  });
});
