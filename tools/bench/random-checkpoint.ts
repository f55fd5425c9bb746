import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface LlamaShape {
  readonly layers: number;
  readonly width: number;
  readonly mlp: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabulary: number;
}

/** The reference work: 81.8 M parameters. */
export const REFERENCE_SHAPE: LlamaShape = {
  layers: 12,
  width: 768,
  mlp: 2048,
  heads: 12,
  keyValueHeads: 4,
  vocabulary: 8192,
};

/**
 * A Llama checkpoint of random float32 weights, written without holding it in memory.
 *
 * @returns bytes of its weights
 */
export function writeRandomLlama(
  folder: string,
  { layers, width, mlp, heads, keyValueHeads, vocabulary }: LlamaShape,
): number {
  mkdirSync(folder, { recursive: true });
  const config = {
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: mlp,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2));
  const keyValue = (width / heads) * keyValueHeads;
  const tensors: [name: string, shape: readonly number[]][] = [
    ['model.embed_tokens.weight', [vocabulary, width]],
  ];
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`;
    tensors.push(
      [`${layer}.input_layernorm.weight`, [width]],
      [`${layer}.self_attn.q_proj.weight`, [width, width]],
      [`${layer}.self_attn.k_proj.weight`, [keyValue, width]],
      [`${layer}.self_attn.v_proj.weight`, [keyValue, width]],
      [`${layer}.self_attn.o_proj.weight`, [width, width]],
      [`${layer}.post_attention_layernorm.weight`, [width]],
      [`${layer}.mlp.gate_proj.weight`, [mlp, width]],
      [`${layer}.mlp.up_proj.weight`, [mlp, width]],
      [`${layer}.mlp.down_proj.weight`, [width, mlp]],
    );
  }
  tensors.push(['model.norm.weight', [width]]);

  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of tensors) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, length);
  writeSync(file, json);
  for (const [, shape] of tensors) writeTensor(file, shape);
  closeSync(file);
  return offset;
}

/** Norm scales are 1; matrices are uniform with the variance of transformers' initialisation. */
function writeTensor(file: number, shape: readonly number[]): void {
  const elements = shape.reduce((a, b) => a * b, 1);
  const block = new Float32Array(Math.min(elements, 1 << 18));
  for (let done = 0; done < elements; done += block.length) {
    const part = block.subarray(0, Math.min(block.length, elements - done));
    if (shape.length === 1) part.fill(1);
    else for (let i = 0; i < part.length; i++) part[i] = (random() - 0.5) * 0.07;
    writeSync(file, new Uint8Array(part.buffer, 0, part.byteLength));
  }
}

let state = 1;
/** Park and Miller's minimal generator, in [0, 1). */
function random(): number {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}
