import type { TensorRef } from '@layersense/onnx-ir';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../open-checkpoint.js';
import { safetensorsTypes } from '../safetensors-types.js';
import { assertNotQuantized } from './assert-not-quantized.js';
import { assertAllKnown, sortTensors } from './sort-tensors.js';

/** Tensors by name: a safetensors type and a shape. */
type Stored = Readonly<Record<string, readonly [type: string, ...shape: number[]]>>;

function checkpoint(stored: Stored, config: unknown = {}): Checkpoint {
  const tensors = new Map<string, TensorRef>();
  const unsupported = new Map<string, string>();
  for (const [name, [type, ...shape]] of Object.entries(stored)) {
    const dtype = safetensorsTypes.get(type)?.elementType;
    if (dtype === undefined) unsupported.set(name, type);
    else tensors.set(name, { file: 'model.safetensors', offset: 0, length: 0, dtype, shape });
  }
  return { tensors, unsupported, config, files: [], tokenizerFiles: [], weightsFolder: '' };
}

const layer = 'model.layers.0.self_attn.q_proj';
const plain: Stored = {
  'lm_head.weight': ['BF16', 64, 16],
  'model.embed_tokens.weight': ['BF16', 64, 16],
  'model.layers.0.input_layernorm.weight': ['BF16', 16],
};
const named = (tensors: Record<string, readonly [string, ...number[]]>): Stored =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`${layer}.${name}`, value]));

/** What each tool writes for one layer, the tensor that an error should name, and words of the scheme. */
const kinds: readonly [
  kind: string,
  tensors: Stored,
  config: unknown,
  tensor: string,
  words: string[],
][] = [
  [
    'FP8 with scales by block',
    named({ weight: ['F8_E4M3', 16, 16], weight_scale_inv: ['F32', 1, 1] }),
    { quantization_config: { quant_method: 'fp8', fmt: 'e4m3', weight_block_size: [128, 128] } },
    'weight',
    ['quant_method fp8', 'fmt e4m3', 'weight_block_size 128x128'],
  ],
  [
    'FP8 with one scale per tensor',
    named({ weight: ['F8_E5M2', 16, 16], weight_scale: ['BF16'], input_scale: ['BF16'] }),
    { quantization_config: { quant_method: 'fbgemm_fp8' } },
    'weight',
    ['fbgemm_fp8'],
  ],
  [
    'compressed-tensors',
    named({
      weight_packed: ['I32', 16, 2],
      weight_scale: ['BF16', 16, 1],
      weight_shape: ['I64', 2],
    }),
    {
      quantization_config: {
        quant_method: 'compressed-tensors',
        format: 'pack-quantized',
        config_groups: { group_0: { weights: { num_bits: 4, type: 'int', group_size: 128 } } },
      },
    },
    'weight_packed',
    ['compressed-tensors', 'format pack-quantized', 'num_bits 4'],
  ],
  [
    'compressed-tensors under its former key',
    named({ weight: ['I8', 16, 16], weight_scale: ['BF16', 16, 1] }),
    { compression_config: { quant_method: 'compressed-tensors', format: 'int-quantized' } },
    'weight',
    ['int-quantized'],
  ],
  [
    'GPTQ',
    named({
      g_idx: ['I32', 16],
      qweight: ['I32', 2, 16],
      qzeros: ['I32', 1, 2],
      scales: ['F16', 1, 16],
    }),
    { quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128, desc_act: false } },
    'qweight',
    ['quant_method gptq', 'bits 4', 'group_size 128'],
  ],
  [
    'AWQ',
    named({ qweight: ['I32', 16, 2], qzeros: ['I32', 1, 2], scales: ['F16', 1, 16] }),
    { quantization_config: { quant_method: 'awq', bits: 4, version: 'gemm' } },
    'qweight',
    ['quant_method awq'],
  ],
  [
    'bitsandbytes nf4',
    named({
      weight: ['U8', 128, 1],
      'weight.absmax': ['U8', 4],
      'weight.quant_map': ['F32', 16],
      'weight.quant_state.bitsandbytes__nf4': ['U8', 90],
    }),
    {
      quantization_config: {
        quant_method: 'bitsandbytes',
        load_in_4bit: true,
        load_in_8bit: false,
        bnb_4bit_quant_type: 'nf4',
      },
    },
    'weight',
    ['bitsandbytes', 'load_in_4bit true', 'nf4'],
  ],
  [
    'bitsandbytes int8',
    named({ weight: ['I8', 16, 16], SCB: ['F32', 16], weight_format: ['U8'] }),
    {
      quantization_config: {
        quant_method: 'bitsandbytes',
        load_in_4bit: false,
        load_in_8bit: true,
      },
    },
    'weight',
    ['load_in_8bit true'],
  ],
  [
    'NVFP4',
    named({
      weight: ['U8', 16, 8],
      weight_scale: ['F8_E4M3', 16, 1],
      weight_scale_2: ['F32'],
      input_scale: ['F32'],
    }),
    { quantization_config: { quant_method: 'modelopt', quant_algo: 'NVFP4' } },
    'weight',
    ['quant_method modelopt', 'NVFP4'],
  ],
  [
    'MXFP4',
    {
      'model.layers.0.mlp.experts.gate_up_proj_blocks': ['U8', 2, 32, 1, 16],
      'model.layers.0.mlp.experts.gate_up_proj_scales': ['U8', 2, 32, 1],
    },
    { quantization_config: { quant_method: 'mxfp4', modules_to_not_convert: ['lm_head'] } },
    'model.layers.0.mlp.experts.gate_up_proj_blocks',
    ['mxfp4'],
  ],
  [
    'MLX',
    named({ weight: ['U32', 16, 2], scales: ['BF16', 16, 1], biases: ['BF16', 16, 1] }),
    { quantization: { group_size: 64, bits: 4, mode: 'affine' } },
    'weight',
    ['mode affine', 'bits 4', 'group_size 64'],
  ],
  [
    'torchao',
    named({ _weight_qdata: ['I8', 16, 16], _weight_scale: ['F32', 16] }),
    {
      quantization_config: {
        quant_method: 'torchao',
        quant_type: { default: { _type: 'Int8WeightOnlyConfig', _data: {} } },
      },
    },
    '_weight_qdata',
    ['torchao', 'Int8WeightOnlyConfig'],
  ],
  [
    'Quanto',
    named({ 'weight._data': ['I8', 16, 16], 'weight._scale': ['BF16', 16, 1] }),
    { quantization_config: { quant_method: 'quanto', weights: 'int8' } },
    'weight._data',
    ['quanto', 'weights int8'],
  ],
  [
    'HQQ',
    named({ W_q: ['U8', 128, 1], scale: ['F16', 1, 16], zero: ['F16', 1, 16] }),
    {
      quantization_config: {
        quant_method: 'hqq',
        quant_config: { weight_quant_params: { nbits: 4, group_size: 64 } },
      },
    },
    'W_q',
    ['hqq', 'nbits 4'],
  ],
  [
    'AQLM',
    named({
      codes: ['I16', 2, 2, 1],
      codebooks: ['F16', 1, 256, 1, 8],
      scales: ['F16', 16, 1, 1, 1],
    }),
    { quantization_config: { quant_method: 'aqlm', nbits_per_codebook: 16 } },
    'codes',
    ['aqlm', 'nbits_per_codebook 16'],
  ],
  [
    'the language part of a larger model',
    named({ weight: ['F8_E4M3', 16, 16], weight_scale: ['F32'] }),
    { text_config: { quantization_config: { quant_method: 'fp8' } } },
    'weight',
    ['text_config.quantization_config', 'fp8'],
  ],
];

const fullName = (tensor: string) => (tensor.startsWith('model.') ? tensor : `${layer}.${tensor}`);

describe('a quantised checkpoint', () => {
  it.each(kinds)('is refused: %s', (_, tensors, config, tensor, words) => {
    const refuse = () => assertNotQuantized(checkpoint({ ...plain, ...tensors }, config));
    expect(refuse).toThrow(
      expect.objectContaining({
        code: 'dtype_unsupported',
        context: expect.objectContaining({ tensor: fullName(tensor) }),
        message: expect.stringContaining(`${fullName(tensor)} is stored as`),
      }),
    );
    for (const word of nonEmpty(words)) expect(refuse).toThrow(word);
  });

  it.each(kinds)('is refused by its tensors alone: %s', (_, tensors, __, tensor) => {
    expect(() => assertNotQuantized(checkpoint({ ...plain, ...tensors }))).toThrow(
      expect.objectContaining({
        code: 'dtype_unsupported',
        context: expect.objectContaining({ tensor: fullName(tensor) }),
        message: expect.stringContaining('config.json does not say how'),
      }),
    );
  });

  it.each([
    ['F8_E4M3', 'FP8 without scales'],
    ['F8_E8M0', 'exponents'],
    ['F4', 'FP4'],
    ['F6_E2M3', 'FP6'],
    ['I8', 'integers'],
  ])('is refused with nothing but a %s weight: %s', (type) => {
    const tensors = { ...plain, ...named({ weight: [type, 16, 16] }) };
    expect(() => assertNotQuantized(checkpoint(tensors))).toThrow(
      `${layer}.weight is stored as ${type}`,
    );
  });

  it('is refused where scales remain beside weights that are floating point', () => {
    const tensors = {
      ...plain,
      ...named({ weight: ['BF16', 16, 16], weight_scale_inv: ['F32', 1, 1] }),
    };
    expect(() => assertNotQuantized(checkpoint(tensors))).toThrow(`${layer}.weight_scale_inv`);
  });

  it('is refused where config.json alone says so, and says how to correct that', () => {
    const config = { quantization_config: { quant_method: 'fp8' } };
    expect(() => assertNotQuantized(checkpoint(plain, config))).toThrow(
      expect.objectContaining({
        code: 'dtype_unsupported',
        context: { tensor: 'lm_head.weight', dtype: 'BF16', scheme: 'quant_method fp8' },
        message: expect.stringContaining('remove quantization_config from config.json'),
      }),
    );
  });
});

describe('a checkpoint of floating-point weights', () => {
  const weights: Stored = {
    ...plain,
    logit_scale: ['F32'],
    'vision.ls1.layer_scale': ['F32', 16],
    'model.layers.0.layer_scales': ['BF16', 16],
    'model.layers.0.mlp.scales': ['BF16', 16],
    'model.layers.0.self_attn.per_dim_scale': ['F32', 16],
    'model.layers.0.self_attn.k_scale': ['F32', 1],
    'model.layers.0.norm.scale': ['F32', 16],
    'transformer.h.0.attn.c_attn.bias': ['F32', 48],
    'model.layers.0.attention.bias': ['F32', 16],
    'model.layers.0.attn.bias': ['F32', 1, 4, 8, 8],
    'model.layers.0.biases': ['F32', 16],
    'model.blocks.0.weight': ['F64', 16, 16],
    'model.mlp_blocks': ['F32', 2, 16],
    'codebooks.embed': ['F32', 16, 16],
  };
  const buffers: Stored = {
    'bert.embeddings.position_ids': ['I64', 1, 512],
    'bert.embeddings.token_type_ids': ['I64', 1, 512],
    'roberta.embeddings.buffered_token_type_ids': ['I64', 1, 512],
    'transformer.h.0.attn.bias': ['U8', 1, 1, 32, 32],
    'transformer.h.1.attn.bias': ['BOOL', 1, 1, 32, 32],
    'h.2.attn.bias': ['F32', 1, 1, 32, 32],
    'h.0.crossattention.bias': ['BOOL', 1, 1, 32, 32],
    'gpt_neox.layers.0.attention.bias': ['BOOL', 1, 1, 32, 32],
    'transformer.h.0.attn.masked_bias': ['F32'],
    'transformer.h.0.attn.causal_mask': ['BOOL', 1, 1, 32, 32],
    'model.layers.0.self_attn.rotary_emb.inv_freq': ['F32', 8],
    final_logits_bias: ['F32', 1, 64],
    'rope.freqs': ['BF16', 8],
    'bn.num_batches_tracked': ['I64'],
    'bn.running_mean': ['F32', 16],
  };

  it('is accepted, and its buffers are told from its weights', () => {
    const both = checkpoint({ ...weights, ...buffers });
    expect(() => assertNotQuantized(both)).not.toThrow();
    const found = sortTensors(both);
    expect(() => assertAllKnown(found)).not.toThrow();
    expect([...found.weights.keys()]).toEqual(Object.keys(weights));
    expect([...found.buffers].sort()).toEqual(Object.keys(buffers).sort());
  });

  it.each([
    ['null', null],
    ['empty', {}],
    ['off', { quant_method: 'bitsandbytes', load_in_4bit: false, load_in_8bit: false }],
  ])('is accepted with a quantization_config that is %s', (_, value) => {
    const accepted = checkpoint(plain, { quantization_config: value });
    expect(() => assertNotQuantized(accepted)).not.toThrow();
  });

  it.each([
    ['freqs_cis', 'C64'],
    ['d2t', 'I64'],
    ['model.table', 'U16'],
    ['model.table', 'F128'],
    ['model.flags', 'BOOL'],
  ])('names %s of type %s, which is neither weight nor known buffer', (name, type) => {
    const odd = checkpoint({ ...plain, [name]: [type, 4, 4] });
    expect(() => assertNotQuantized(odd)).not.toThrow();
    expect(() => assertAllKnown(sortTensors(odd))).toThrow(
      expect.objectContaining({
        code: 'dtype_unsupported',
        context: { tensor: name, dtype: type },
      }),
    );
  });
});
