import { LayersenseError, partName, withWholes } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { z } from 'zod';
import { decoder, encoder, rotaryDecoder } from './architecture.js';
import { BertConfig, bert } from './architectures/bert.js';
import { Gemma2Config, gemma2, gemmaHead } from './architectures/gemma2.js';
import { Gemma3TextConfig, gemma3Ropes, gemma3Text } from './architectures/gemma3-text.js';
import { Gpt2Config, gpt2, gpt2Head } from './architectures/gpt2.js';
import { LlamaConfig, llama } from './architectures/llama.js';
import { MistralConfig, mistral } from './architectures/mistral.js';
import { MixtralConfig, mixtral } from './architectures/mixtral.js';
import { Olmo2Config, olmo2 } from './architectures/olmo2.js';
import { PhiConfig, phi, phiHead, phiRope } from './architectures/phi.js';
import { Phi3Config, phi3, phi3Rope } from './architectures/phi3.js';
import { Qwen2Config, qwen2 } from './architectures/qwen2.js';
import { Qwen2MoeConfig, qwen2Moe } from './architectures/qwen2-moe.js';
import { Qwen3Config, qwen3 } from './architectures/qwen3.js';
import { Qwen3MoeConfig, qwen3Moe } from './architectures/qwen3-moe.js';
import { StableLmConfig, stablelm, stablelmRope } from './architectures/stablelm.js';
import type { BatchShape, ForwardGraph, ForwardOptions } from './forward.js';
import { OTHER_WAYS } from './other-ways.js';
import { parseConfig } from './parse-config.js';
import type { ParsedArchitecture, ParsedModel } from './parsed-model.js';

/** One file per `model_type` of config.json. */
const architectures = {
  bert: encoder({
    config: BertConfig,
    forward: bert,
    positions: (config) => config.max_position_embeddings,
  }),
  gemma2: rotaryDecoder({ config: Gemma2Config, hidden: gemma2, language: gemmaHead }),
  gemma3_text: decoder({
    config: Gemma3TextConfig,
    hidden: gemma3Text,
    language: gemmaHead,
    ropes: (config) => Object.values(gemma3Ropes(config)),
  }),
  gpt2: decoder({
    config: Gpt2Config,
    hidden: gpt2,
    language: gpt2Head,
    positions: (config) => config.n_positions,
  }),
  llama: rotaryDecoder({ config: LlamaConfig, hidden: llama }),
  mistral: rotaryDecoder({ config: MistralConfig, hidden: mistral }),
  mixtral: rotaryDecoder({ config: MixtralConfig, hidden: mixtral }),
  olmo2: rotaryDecoder({ config: Olmo2Config, hidden: olmo2 }),
  phi: decoder({
    config: PhiConfig,
    hidden: phi,
    language: phiHead,
    ropes: (config) => [phiRope(config)],
  }),
  phi3: decoder({ config: Phi3Config, hidden: phi3, ropes: (config) => [phi3Rope(config)] }),
  qwen2: rotaryDecoder({ config: Qwen2Config, hidden: qwen2 }),
  qwen2_moe: rotaryDecoder({ config: Qwen2MoeConfig, hidden: qwen2Moe }),
  qwen3: rotaryDecoder({ config: Qwen3Config, hidden: qwen3 }),
  qwen3_moe: rotaryDecoder({ config: Qwen3MoeConfig, hidden: qwen3Moe }),
  stablelm: decoder({
    config: StableLmConfig,
    hidden: stablelm,
    ropes: (config) => [stablelmRope(config)],
  }),
};

export const supportedModelTypes = Object.keys(architectures) as (keyof typeof architectures)[];

/**
 * Reads config.json's architecture.
 * @throws LayersenseError `model_type_unsupported`, `config_invalid`
 */
export function parseModel(config: unknown): ParsedArchitecture {
  const { model_type: type } = parseConfig(z.object({ model_type: z.string() }), config);
  const parse = Object.hasOwn(architectures, type)
    ? architectures[type as keyof typeof architectures]
    : undefined;
  if (parse) return parse(config, type);
  throw new LayersenseError(
    'model_type_unsupported',
    `The architecture ${JSON.stringify(type)} is not supported for Fisher scores; supported are ${supportedModelTypes.join(', ')}. ${OTHER_WAYS}`,
    { model_type: type, supported: supportedModelTypes },
  );
}

/** How many layers config.json asks for; undefined for an architecture that is not in this package. */
export function layerCount(config: unknown): number | undefined {
  const keys = LayerKeys.safeParse(config).data;
  if (!keys || !Object.hasOwn(architectures, keys.model_type)) return undefined;
  return keys.num_hidden_layers ?? keys.n_layer;
}

const LayerKeys = z.object({
  model_type: z.string(),
  num_hidden_layers: z.number().optional(),
  n_layer: z.number().optional(),
});

/**
 * The forward pass of a model for one batch shape.
 * @throws LayersenseError when config.json and the tensors do not describe one supported model
 */
export function buildForward(
  model: ParsedModel,
  tensors: ReadonlyMap<string, TensorRef>,
  shape: BatchShape,
  options?: ForwardOptions,
): ForwardGraph {
  return model.build(tensors, shape, options);
}

/** A parameter, or a part of a packed one, as its module holds it. */
export interface ScoredParameter {
  readonly shape: readonly number[];
  /** Whether it belongs to an expert, and sees only the tokens that a router sends there. */
  readonly routed: boolean;
  /** Whether the loss does not depend on it: its gradient is zero, and no graph has it. */
  readonly unused?: boolean;
}

/**
 * What a checkpoint is scored by: its parameters in order of use, the parts of a packed one after it.
 * Finds what is missing or misshapen.
 * @throws LayersenseError as {@link buildForward}
 */
export function listParameters(
  model: ParsedModel,
  tensors: ReadonlyMap<string, TensorRef>,
): ReadonlyMap<string, ScoredParameter> {
  const graph = buildForward(model, tensors, { batch: 1, length: 2 });
  const ofExperts = new Set(graph.routings.flatMap(({ experts }) => experts.flat()));
  const stacks = new Map(graph.stacks?.map((stack) => [stack.name, stack]));
  const scored = withWholes(graph.parameters).flatMap((name) => {
    const stack = stacks.get(name);
    if (stack) return [[name, { shape: stack.shape, routed: false }] as const];
    const { shape } = graph.builder.value(name);
    const held = (ofGraph: readonly number[]) =>
      graph.transposed?.has(name) ? ofGraph.toReversed() : ofGraph;
    const ofParts = (graph.parts.get(name) ?? []).map((part) => {
      const partShape = shape.with(part.axis, part.end - part.start);
      return [partName(name, part.name), held(partShape)] as const;
    });
    const routed = ofExperts.has(name);
    return [[name, held(shape)] as const, ...ofParts].map(
      ([each, shapeHeld]) => [each, { shape: shapeHeld, routed }] as const,
    );
  });
  const unused = [...(graph.unused ?? [])].map(
    ([name, shape]) => [name, { shape, routed: false, unused: true }] as const,
  );
  return new Map<string, ScoredParameter>([...scored, ...unused]);
}
