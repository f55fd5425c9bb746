import type { DecodedNode } from '@layersense/onnx-ir';

/**
 * Whether a tensor's name is one that a module gave it, `model.norm.weight`, and not one that an
 * exporter made up: `onnx::MatMul_687`, `val_91`, `/model/Constant_output_0`.
 */
export function isParameterName(name: string): boolean {
  return /^[A-Za-z_][\w-]*(\.[\w-]+)*\.(weight|bias|gamma|beta)$/.test(name);
}

/**
 * The Hugging Face name behind a name of onnxruntime-genai's model builder, or behind the second
 * name of a bias that transformers ties: BERT's and RoBERTa's heads hold it twice.
 */
function huggingFaceName(name: string): string {
  return name
    .replace(/^(cls\.predictions|lm_head)\.decoder\.bias$/, '$1.bias')
    .replace(/^(model\.layers\.\d+)\.attn\./, '$1.self_attn.')
    .replace(/^model\.layers\.\d+\.final_norm_layernorm\./, 'model.norm.');
}

/** Whether the model builder stores this tensor as Wᵀ. */
export function isBuilderMatrix(name: string): boolean {
  return name.endsWith('.MatMul.weight');
}

/**
 * The module that a node computes for: from the scopes that torch's dynamo exporter records,
 * `['', 'model', 'model.norm', 'mul_636']`, of which the last is the operation itself.
 */
export function scopeOf(node: DecodedNode): string | undefined {
  const scopes = node.metadata.get('pkg.torch.onnx.name_scopes');
  return scopes
    ?.match(/'[^']*'/g)
    ?.at(-2)
    ?.slice(1, -1);
}

/** The same from a TorchScript node's name, `/model/layers.0/self_attn/q_proj/MatMul`. */
export function nodePathOf(node: DecodedNode): string | undefined {
  const path = node.name.split('/');
  return node.name.startsWith('/') && path.length > 2 ? path.slice(1, -1).join('.') : undefined;
}

/** What a tensor is to the operator that reads it. */
export type Role = 'weight' | 'bias';

/**
 * The parameter's Hugging Face name as one use of it tells. An exporter stores equal tensors once,
 * so where the module that uses a tensor is no relative of the one it is named after, the module
 * that uses it decides.
 *
 * @param own the tensor's own name.
 * @param role what it is there; `undefined` where only tensors with a module's name count.
 * @returns `undefined` where the tensor is no parameter.
 */
export function parameterName(
  node: DecodedNode,
  own: string,
  role: Role | undefined,
): string | undefined {
  const scope = scopeOf(node);
  if (!isParameterName(own)) {
    const module = scope ?? nodePathOf(node);
    if (role === undefined) return undefined;
    return module ? huggingFaceName(`${module}.${role}`) : own;
  }
  const plain = own.replace(/(\.MatMul|\.Add|(?<=_norm)\.layernorm)(\.\w+)$/, '$2');
  const separator = plain.lastIndexOf('.');
  const module = plain.slice(0, separator);
  const user = scope ?? (isBuilderMatrix(own) ? nodePathOf(node) : undefined);
  const holder = user === undefined || related(module, user) ? module : user;
  return huggingFaceName(holder + plain.slice(separator));
}

/** Whether one module is the other or lies within it. */
function related(a: string, b: string): boolean {
  return `${a}.`.startsWith(b === '' ? '' : `${b}.`) || `${b}.`.startsWith(`${a}.`);
}
