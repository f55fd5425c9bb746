import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SyntheticShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly mlp: number;
  readonly vocabulary: number;
}

type Tensor = readonly [name: string, shape: readonly number[]];

/** A Llama of random float32 weights as a checkpoint in `folder`; equal shapes give equal weights. */
export async function writeSyntheticLlama(folder: string, shape: SyntheticShape): Promise<void> {
  const tensors = tensorsOf(shape);
  let offset = 0;
  const header = Object.fromEntries(
    tensors.map(([name, dimensions]) => {
      const start = offset;
      offset += 4 * product(dimensions);
      return [name, { dtype: 'F32', shape: dimensions, data_offsets: [start, offset] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const file = await open(join(folder, 'model.safetensors'), 'w');
  try {
    await file.writeFile(Buffer.concat([prefix, json]));
    const random = uniform(1);
    for (const [, dimensions] of tensors) {
      // A norm's scale lies near one, anything else near zero.
      const [centre, spread] =
        dimensions.length === 1 ? [1, 0.1] : [0, Math.sqrt(3 / inputs(dimensions))];
      const count = product(dimensions);
      const data = Float32Array.from({ length: count }, () => centre + spread * random());
      await file.writeFile(new Uint8Array(data.buffer));
    }
  } finally {
    await file.close();
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
}

function configOf(shape: SyntheticShape) {
  return {
    model_type: 'llama',
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    intermediate_size: shape.mlp,
    vocab_size: shape.vocabulary,
    max_position_embeddings: 4096,
    tie_word_embeddings: true,
  };
}

function tensorsOf(shape: SyntheticShape): readonly Tensor[] {
  const { hidden, heads, keyValueHeads, mlp, vocabulary } = shape;
  const keyValue = (hidden / heads) * keyValueHeads;
  const layer = (i: number): readonly Tensor[] => {
    const prefix = `model.layers.${i}`;
    return [
      [`${prefix}.input_layernorm.weight`, [hidden]],
      [`${prefix}.self_attn.q_proj.weight`, [hidden, hidden]],
      [`${prefix}.self_attn.k_proj.weight`, [keyValue, hidden]],
      [`${prefix}.self_attn.v_proj.weight`, [keyValue, hidden]],
      [`${prefix}.self_attn.o_proj.weight`, [hidden, hidden]],
      [`${prefix}.post_attention_layernorm.weight`, [hidden]],
      [`${prefix}.mlp.gate_proj.weight`, [mlp, hidden]],
      [`${prefix}.mlp.up_proj.weight`, [mlp, hidden]],
      [`${prefix}.mlp.down_proj.weight`, [hidden, mlp]],
    ];
  };
  return [
    ['model.embed_tokens.weight', [vocabulary, hidden]],
    ...Array.from({ length: shape.layers }, (_, i) => layer(i)).flat(),
    ['model.norm.weight', [hidden]],
  ];
}

const inputs = (matrix: readonly number[]): number => matrix[1] ?? 1;

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Uniform in [−1, 1): xorshift32 (Marsaglia 2003). */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
