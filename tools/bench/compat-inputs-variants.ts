import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fixtures,
  LFS_POINTER,
  readCheckpoint,
  smallLlama,
  writeCheckpoint,
} from './compat-checkpoint.js';
import type { WriteInput } from './compat-inputs.js';

/** The small Llama with other keys in its config.json. */
const llama =
  (keys: object): WriteInput =>
  (folder) => {
    const { config, tensors } = smallLlama();
    writeCheckpoint(folder, { config: { ...config, ...keys }, tensors });
  };

const gemma3 =
  (keys: object): WriteInput =>
  (folder) => {
    const { config, tensors } = readCheckpoint(join(fixtures, 'checkpoints/gemma3'));
    writeCheckpoint(folder, { config: { ...config, ...keys }, tensors });
  };

/** The small Llama with another text of its config.json. */
const text =
  (change: (json: string) => string | Buffer): WriteInput =>
  (folder) => {
    const { config, tensors } = smallLlama();
    writeCheckpoint(folder, { config, tensors });
    writeFileSync(join(folder, 'config.json'), change(JSON.stringify(config)));
  };

const rope = (parameters: object): WriteInput =>
  llama({ rope_parameters: { rope_theta: 2000, ...parameters } });

/** What config.json may say of a model. */
export const variantInputs: Readonly<Record<string, WriteInput>> = {
  'config-as-it-is': llama({}),
  'config-other-model-type': llama({ model_type: 'starcoder2' }),
  'config-token-classification': llama({ architectures: ['LlamaForTokenClassification'] }),
  'config-activation-gelu': llama({ hidden_act: 'gelu' }),
  'config-activation-unknown': llama({ hidden_act: 'xielu' }),
  'config-rope-yarn': rope({ rope_type: 'yarn', factor: 4 }),
  'config-rope-dynamic': rope({ rope_type: 'dynamic', factor: 2 }),
  'config-rope-partial-default': llama({ partial_rotary_factor: 0.5 }),
  'config-rope-unknown': rope({ rope_type: 'axial', factor: 2 }),
  'config-odd-head-size': llama({ head_dim: 9 }),
  'config-fewer-layers': llama({ num_hidden_layers: 1 }),
  'config-more-layers': llama({ num_hidden_layers: 3 }),
  'config-fewer-positions': llama({ max_position_embeddings: 3 }),
  'config-larger-vocabulary': llama({ vocab_size: 65 }),
  'config-padding-999999': llama({ pad_token_id: 999_999 }),
  'config-nan-not-read': text((json) => json.replace('{', '{"note":NaN,"low":-Infinity,')),
  'config-nan-that-is-read': text((json) => json.replace(/(?<="rms_norm_eps":)[^,]+/, 'NaN')),
  'config-byte-order-mark': text((json) => `\uFEFF${json}`),
  'config-utf-16': text((json) => Buffer.from(`\uFEFF${json}`, 'utf16le')),
  'config-utf-16-without-mark': text((json) => Buffer.from(json, 'utf16le')),
  'config-lfs-pointer': text(() => LFS_POINTER),
  'config-gemma3-attention-cap': gemma3({ attn_logit_softcapping: 30 }),
  'config-gemma3-bidirectional': gemma3({ use_bidirectional_attention: true }),
};
