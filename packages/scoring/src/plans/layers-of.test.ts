import { expect, it } from 'vitest';
import { layersOf } from './layers-of.js';

it.each([
  [
    'model.layers.3',
    ['model.layers.3.self_attn.q_proj.weight', 'model.layers.3.mlp.up_proj.weight'],
  ],
  [
    'model.layers.3',
    ['model.layers.3.mlp.experts.0.w1.weight', 'model.layers.3.mlp.experts.1.w1.weight'],
  ],
  ['transformer.h.0', ['transformer.wte.weight', 'transformer.h.0.attn.c_attn.weight[q]']],
  [
    'model.layers.2 to model.layers.4',
    ['model.embed_tokens.weight', ...[2, 3, 4].map((i) => `model.layers.${i}.mlp.up_proj.weight`)],
  ],
  ['model.embed_tokens', ['model.embed_tokens.weight']],
  ['transformer.wte, transformer.wpe', ['transformer.wte.weight', 'transformer.wpe.weight']],
  [null, []],
])('names a segment %s', (name, parameters) => {
  expect(layersOf(parameters)).toBe(name);
});
