import { describe, expect, it } from 'vitest';
import { isPart, layerName, partName } from './layer-name.js';

describe('layerName', () => {
  it.each([
    ['model.layers.3.self_attn.v_proj.weight', 'model.layers.3.self_attn.v_proj', 'v_proj', 3],
    ['transformer.h.0.attn.c_attn.bias', 'transformer.h.0.attn.c_attn', 'c_attn', 0],
    ['lm_head.weight', 'lm_head', 'lm_head', null],
    [
      'model.layers.1.mlp.gate_up_proj.weight[up]',
      'model.layers.1.mlp.gate_up_proj[up]',
      'gate_up_proj[up]',
      1,
    ],
  ])('%s', (parameter, layer, module, block) => {
    expect(layerName(parameter)).toEqual({ layer, module, block });
  });
});

describe('isPart', () => {
  it('knows the parts of a packed weight by their names', () => {
    const packed = 'model.layers.0.self_attn.qkv_proj.weight';
    expect(isPart(packed)).toBe(false);
    expect(isPart(partName(packed, 'q'))).toBe(true);
    // Names of initializers in ONNX files hold anything.
    expect(isPart('onnx::MatMul[3]')).toBe(false);
  });
});
