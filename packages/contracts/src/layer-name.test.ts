import { describe, expect, it } from 'vitest';
import { isPart, layerName, partName, wholeOf, withWholes } from './layer-name.js';

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

describe('withWholes', () => {
  it('puts a weight that is there by its parts alone before all of them', () => {
    const [gate, down] = ['h.0.mlp.experts.gate_up_proj', 'h.0.mlp.experts.down_proj'];
    const parts = [partName(gate, '0_gate'), partName(down, '0'), partName(gate, '1_gate')];
    expect(parts.map(wholeOf)).toEqual([gate, down, gate]);
    const [first = '', second = '', third = ''] = parts;
    expect(withWholes(['wte.weight', ...parts, 'lm_head.weight'])).toEqual([
      'wte.weight',
      gate,
      first,
      third,
      down,
      second,
      'lm_head.weight',
    ]);
  });

  it('leaves a weight alone that is there with its parts', () => {
    const names = ['a.qkv_proj.weight', 'a.qkv_proj.weight[q]', 'a.qkv_proj.weight[k]'];
    expect(withWholes(names)).toEqual(names);
  });
});
