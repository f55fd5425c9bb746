import { describe, expect, it } from 'vitest';
import { graphOf } from './test-support/any-tensors.js';

const countParameters = (config: unknown): number => graphOf(config).elements;

/** The hyperparameters in published config.json files, and the published number of parameters. */
const published: Record<string, { readonly parameters: number; readonly config: object }> = {
  'google-bert/bert-base-uncased': {
    parameters: 109_514_298,
    config: {
      architectures: ['BertForMaskedLM'],
      attention_probs_dropout_prob: 0.1,
      gradient_checkpointing: false,
      hidden_act: 'gelu',
      hidden_dropout_prob: 0.1,
      hidden_size: 768,
      initializer_range: 0.02,
      intermediate_size: 3072,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 512,
      model_type: 'bert',
      num_attention_heads: 12,
      num_hidden_layers: 12,
      pad_token_id: 0,
      position_embedding_type: 'absolute',
      type_vocab_size: 2,
      use_cache: true,
      vocab_size: 30522,
    },
  },
  'mistralai/Mistral-7B-v0.1': {
    parameters: 7_241_732_096,
    config: {
      architectures: ['MistralForCausalLM'],
      bos_token_id: 1,
      eos_token_id: 2,
      hidden_act: 'silu',
      hidden_size: 4096,
      initializer_range: 0.02,
      intermediate_size: 14336,
      max_position_embeddings: 32768,
      model_type: 'mistral',
      num_attention_heads: 32,
      num_hidden_layers: 32,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 10000.0,
      sliding_window: 4096,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      use_cache: true,
      vocab_size: 32000,
    },
  },
  'Qwen/Qwen3-0.6B': {
    parameters: 596_049_920,
    config: {
      architectures: ['Qwen3ForCausalLM'],
      attention_bias: false,
      attention_dropout: 0.0,
      head_dim: 128,
      hidden_act: 'silu',
      hidden_size: 1024,
      intermediate_size: 3072,
      max_position_embeddings: 40960,
      max_window_layers: 28,
      model_type: 'qwen3',
      num_attention_heads: 16,
      num_hidden_layers: 28,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-6,
      rope_scaling: null,
      rope_theta: 1000000,
      sliding_window: null,
      tie_word_embeddings: true,
      torch_dtype: 'bfloat16',
      use_sliding_window: false,
      vocab_size: 151936,
    },
  },
  'microsoft/phi-2': {
    parameters: 2_779_683_840,
    config: {
      architectures: ['PhiForCausalLM'],
      attention_dropout: 0.0,
      embd_pdrop: 0.0,
      hidden_act: 'gelu_new',
      hidden_size: 2560,
      intermediate_size: 10240,
      layer_norm_eps: 1e-5,
      max_position_embeddings: 2048,
      model_type: 'phi',
      num_attention_heads: 32,
      num_hidden_layers: 32,
      num_key_value_heads: 32,
      partial_rotary_factor: 0.4,
      qk_layernorm: false,
      resid_pdrop: 0.1,
      rope_scaling: null,
      rope_theta: 10000.0,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
      vocab_size: 51200,
    },
  },
  'microsoft/Phi-3-mini-4k-instruct': {
    parameters: 3_821_079_552,
    config: {
      architectures: ['Phi3ForCausalLM'],
      attention_bias: false,
      hidden_act: 'silu',
      hidden_size: 3072,
      intermediate_size: 8192,
      max_position_embeddings: 4096,
      model_type: 'phi3',
      num_attention_heads: 32,
      num_hidden_layers: 32,
      num_key_value_heads: 32,
      original_max_position_embeddings: 4096,
      pad_token_id: 32000,
      rms_norm_eps: 1e-5,
      rope_scaling: null,
      rope_theta: 10000.0,
      sliding_window: 2047,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      vocab_size: 32064,
    },
  },
  'stabilityai/stablelm-2-1_6b': {
    parameters: 1_644_515_328,
    config: {
      architectures: ['StableLmForCausalLM'],
      hidden_act: 'silu',
      hidden_size: 2048,
      intermediate_size: 5632,
      layer_norm_eps: 1e-5,
      max_position_embeddings: 4096,
      model_type: 'stablelm',
      num_attention_heads: 32,
      num_hidden_layers: 24,
      num_key_value_heads: 32,
      partial_rotary_factor: 0.25,
      rope_theta: 10000,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
      use_cache: true,
      use_qkv_bias: true,
      vocab_size: 100352,
    },
  },
  'openai-community/gpt2': {
    parameters: 124_439_808,
    config: {
      activation_function: 'gelu_new',
      architectures: ['GPT2LMHeadModel'],
      attn_pdrop: 0.1,
      bos_token_id: 50256,
      embd_pdrop: 0.1,
      eos_token_id: 50256,
      initializer_range: 0.02,
      layer_norm_epsilon: 1e-5,
      model_type: 'gpt2',
      n_ctx: 1024,
      n_embd: 768,
      n_head: 12,
      n_layer: 12,
      n_positions: 1024,
      resid_pdrop: 0.1,
      summary_activation: null,
      summary_type: 'cls_index',
      task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
      vocab_size: 50257,
    },
  },
  'google/gemma-2-2b': {
    parameters: 2_614_341_888,
    config: {
      architectures: ['Gemma2ForCausalLM'],
      attention_bias: false,
      attn_logit_softcapping: 50.0,
      cache_implementation: 'hybrid',
      final_logit_softcapping: 30.0,
      head_dim: 256,
      hidden_act: 'gelu_pytorch_tanh',
      hidden_activation: 'gelu_pytorch_tanh',
      hidden_size: 2304,
      intermediate_size: 9216,
      max_position_embeddings: 8192,
      model_type: 'gemma2',
      num_attention_heads: 8,
      num_hidden_layers: 26,
      num_key_value_heads: 4,
      query_pre_attn_scalar: 256,
      rms_norm_eps: 1e-6,
      rope_theta: 10000.0,
      sliding_window: 4096,
      torch_dtype: 'float32',
      vocab_size: 256000,
    },
  },
  'google/gemma-3-1b-it': {
    parameters: 999_885_952,
    config: {
      architectures: ['Gemma3ForCausalLM'],
      attention_bias: false,
      attn_logit_softcapping: null,
      cache_implementation: 'hybrid',
      eos_token_id: [1, 106],
      final_logit_softcapping: null,
      head_dim: 256,
      hidden_activation: 'gelu_pytorch_tanh',
      hidden_size: 1152,
      intermediate_size: 6912,
      max_position_embeddings: 32768,
      model_type: 'gemma3_text',
      num_attention_heads: 4,
      num_hidden_layers: 26,
      num_key_value_heads: 1,
      query_pre_attn_scalar: 256,
      rms_norm_eps: 1e-6,
      rope_local_base_freq: 10000,
      rope_scaling: null,
      rope_theta: 1000000,
      sliding_window: 512,
      sliding_window_pattern: 6,
      torch_dtype: 'bfloat16',
      vocab_size: 262144,
    },
  },
  'allenai/OLMo-2-0425-1B': {
    parameters: 1_484_916_736,
    config: {
      architectures: ['Olmo2ForCausalLM'],
      attention_bias: false,
      hidden_act: 'silu',
      hidden_size: 2048,
      intermediate_size: 8192,
      max_position_embeddings: 4096,
      model_type: 'olmo2',
      num_attention_heads: 16,
      num_hidden_layers: 16,
      num_key_value_heads: 16,
      pad_token_id: 100277,
      rms_norm_eps: 1e-6,
      rope_scaling: null,
      rope_theta: 500000,
      tie_word_embeddings: false,
      torch_dtype: 'float32',
      vocab_size: 100352,
    },
  },
  'mistralai/Mixtral-8x7B-v0.1': {
    parameters: 46_702_792_704,
    config: {
      architectures: ['MixtralForCausalLM'],
      hidden_act: 'silu',
      hidden_size: 4096,
      intermediate_size: 14336,
      max_position_embeddings: 32768,
      model_type: 'mixtral',
      num_attention_heads: 32,
      num_experts_per_tok: 2,
      num_hidden_layers: 32,
      num_key_value_heads: 8,
      num_local_experts: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 1000000.0,
      router_aux_loss_coef: 0.02,
      sliding_window: null,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      vocab_size: 32000,
    },
  },
  'Qwen/Qwen1.5-MoE-A2.7B': {
    parameters: 14_315_784_192,
    config: {
      architectures: ['Qwen2MoeForCausalLM'],
      decoder_sparse_step: 1,
      hidden_act: 'silu',
      hidden_size: 2048,
      intermediate_size: 5632,
      max_position_embeddings: 8192,
      max_window_layers: 21,
      model_type: 'qwen2_moe',
      moe_intermediate_size: 1408,
      norm_topk_prob: false,
      num_attention_heads: 16,
      num_experts: 60,
      num_experts_per_tok: 4,
      num_hidden_layers: 24,
      num_key_value_heads: 16,
      rms_norm_eps: 1e-6,
      rope_theta: 1000000.0,
      shared_expert_intermediate_size: 5632,
      sliding_window: 32768,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      use_sliding_window: false,
      vocab_size: 151936,
    },
  },
  'Qwen/Qwen3-30B-A3B': {
    parameters: 30_532_122_624,
    config: {
      architectures: ['Qwen3MoeForCausalLM'],
      attention_bias: false,
      decoder_sparse_step: 1,
      head_dim: 128,
      hidden_act: 'silu',
      hidden_size: 2048,
      intermediate_size: 6144,
      max_position_embeddings: 40960,
      max_window_layers: 48,
      mlp_only_layers: [],
      model_type: 'qwen3_moe',
      moe_intermediate_size: 768,
      norm_topk_prob: true,
      num_attention_heads: 32,
      num_experts: 128,
      num_experts_per_tok: 8,
      num_hidden_layers: 48,
      num_key_value_heads: 4,
      rms_norm_eps: 1e-6,
      rope_scaling: null,
      rope_theta: 1000000.0,
      sliding_window: null,
      tie_word_embeddings: false,
      torch_dtype: 'bfloat16',
      use_sliding_window: false,
      vocab_size: 151936,
    },
  },
};

describe('published configurations', () => {
  it.each(Object.entries(published))('%s has its published number of parameters', (_, model) => {
    expect(countParameters(model.config)).toBe(model.parameters);
  });

  const [mistral, phi3, gpt2, gemma2, mixtral, bert] = [
    'mistralai/Mistral-7B-v0.1',
    'microsoft/Phi-3-mini-4k-instruct',
    'openai-community/gpt2',
    'google/gemma-2-2b',
    'mistralai/Mixtral-8x7B-v0.1',
    'google-bert/bert-base-uncased',
  ].map((name) => published[name]?.config);

  const [qwen3, phi2, stablelm] = [
    'Qwen/Qwen3-0.6B',
    'microsoft/phi-2',
    'stabilityai/stablelm-2-1_6b',
  ].map((name) => {
    const config = published[name]?.config;
    if (!config) throw new TypeError(`${name} is not in the list`);
    return config;
  });
  const token = { ...mistral, architectures: ['MistralForTokenClassification'] };
  const factors = { short_factor: [1, 2], long_factor: [1, 2] };

  it.each([
    ['hidden_act "xielu"', { ...mistral, hidden_act: 'xielu' }, 'model_type_unsupported'],
    [
      'rope_type',
      {
        ...mistral,
        rope_scaling: { type: 'linear', factor: 2 },
        rope_parameters: { rope_type: 'default', rope_theta: 10_000 },
      },
      'config_invalid',
    ],
    [
      'rope type "axial"',
      { ...mistral, rope_scaling: { type: 'axial' } },
      'model_type_unsupported',
    ],
    [
      'partial_rotary_factor',
      { ...mistral, rope_scaling: { type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
      'config_invalid',
    ],
    ['short_factor', { ...phi3, rope_scaling: { type: 'longrope' } }, 'config_invalid'],
    [
      'short_factor: it has 2 values where heads have 48',
      { ...phi3, rope_scaling: { type: 'longrope', ...factors } },
      'config_invalid',
    ],
    ['n_embd', { ...gpt2, n_embd: undefined }, 'config_invalid'],
    ['n_head: 10 heads do not divide', { ...gpt2, n_head: 10 }, 'config_invalid'],
    ['num_attention_heads', { ...bert, num_attention_heads: 10 }, 'config_invalid'],
    ['num_attention_heads', { ...mistral, num_attention_heads: 7 }, 'config_invalid'],
    [
      'num_key_value_heads: 32 attention heads cannot share 7',
      { ...mistral, num_key_value_heads: 7 },
      'config_invalid',
    ],
    ['num_key_value_heads', { ...gemma2, num_key_value_heads: 3 }, 'config_invalid'],
    ['head_dim', { ...qwen3, head_dim: 63 }, 'config_invalid'],
    ['head_dim', { ...phi2, partial_rotary_factor: 0.3875 }, 'config_invalid'],
    ['head_dim', { ...stablelm, partial_rotary_factor: 0.4219 }, 'config_invalid'],
    ['sliding_window', { ...mistral, sliding_window: 0 }, 'config_invalid'],
    [
      'position_embedding_type',
      { ...bert, position_embedding_type: 'relative_key' },
      'model_type_unsupported',
    ],
    ['BertModel', { ...bert, architectures: ['BertModel'] }, 'model_type_unsupported'],
    ['MistralForTokenClassification', token, 'model_type_unsupported'],
    [
      'Qwen3ForRewardModel',
      { ...qwen3, architectures: ['Qwen3ForRewardModel'] },
      'model_type_unsupported',
    ],
    [
      'GPT2DoubleHeadsModel',
      { ...gpt2, architectures: ['GPT2DoubleHeadsModel'] },
      'model_type_unsupported',
    ],
    [
      'several models',
      { ...qwen3, architectures: ['Qwen3ForCausalLM', 'Qwen3ForTokenClassification'] },
      'config_invalid',
    ],
    [
      '1 output',
      { ...qwen3, architectures: ['Qwen3ForSequenceClassification'], num_labels: 1 },
      'loss_unsupported',
    ],
    ['add_cross_attention', { ...gpt2, add_cross_attention: true }, 'model_type_unsupported'],
    ['activation_function', { ...gpt2, activation_function: 'prelu' }, 'model_type_unsupported'],
    [
      'use_bidirectional_attention',
      { ...gemma2, use_bidirectional_attention: true },
      'model_type_unsupported',
    ],
    ['layer_types.0', { ...gemma2, layer_types: ['chunked_attention'] }, 'model_type_unsupported'],
    ['layer_types.0', { ...gemma2, layer_types: [3] }, 'config_invalid'],
    [
      'layer_types: it has 2 entries for 26 layers',
      { ...gemma2, layer_types: ['full_attention', 'sliding_attention'] },
      'config_invalid',
    ],
    [
      'a token is sent to 9 experts but there are 8',
      { ...mixtral, num_experts_per_tok: 9 },
      'config_invalid',
    ],
    ['.onnx', { model_type: 'starcoder2' }, 'model_type_unsupported'],
  ])('names the key that is missing or not supported: %s', (key, config, code) => {
    expect(() => countParameters(config)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(key) }),
    );
  });

  it.each([
    ['gemma3', { ...gemma2, model_type: 'gemma3_text', attn_logit_softcapping: 30 }],
    ['mistral', { ...mistral, hidden_act: 'xielu' }],
  ])('does not tell who has another variant of %s to restore a file', (_, config) => {
    expect(() => countParameters(config)).toThrow(
      expect.objectContaining({
        code: 'model_type_unsupported',
        message: expect.not.stringContaining('estore'),
      }),
    );
  });

  it.each([
    ['sliding_window 0 that no layer uses', { sliding_window: 0, use_sliding_window: false }],
    ['pad_token_id -1', { pad_token_id: -1 }],
    ['partial_rotary_factor with default frequencies', { partial_rotary_factor: 0.5 }],
    ['yarn', { rope_scaling: { type: 'yarn', factor: 4 } }],
    ['dynamic', { rope_scaling: { type: 'dynamic', factor: 2 } }],
    ['another activation', { hidden_act: 'relu2' }],
  ])('has the same parameters with %s', (_, keys) => {
    const { config, parameters } = published['Qwen/Qwen3-0.6B'] ?? {};
    expect(config).toBeDefined();
    expect(countParameters({ ...config, ...keys })).toBe(parameters);
  });

  it('takes the size of heads from config.json', () => {
    const smaller = { ...phi2, head_dim: 40, num_hidden_layers: 1 };
    const rows = 2560 * 32 * (80 - 40);
    const biases = 3 * 32 * (80 - 40);
    expect(countParameters({ ...phi2, num_hidden_layers: 1 }) - countParameters(smaller)).toBe(
      4 * rows + biases,
    );
  });

  it('refuses a sequence longer than the table of positions', () => {
    expect(() => countParameters({ ...gpt2, n_positions: 3 })).toThrow(
      expect.objectContaining({ code: 'sequence_too_long' }),
    );
  });
});
