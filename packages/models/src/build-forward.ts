import { LayersenseError, type ModelTask, partName } from '@layersense/contracts';
import { GraphBuilder, type TensorRef, type Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { BertConfig, bert, bertClasses, bertTask } from './architectures/bert.js';
import { Gemma2Config, gemma2 } from './architectures/gemma2.js';
import { Gemma3TextConfig, gemma3Text } from './architectures/gemma3-text.js';
import { Gpt2Config, gpt2 } from './architectures/gpt2.js';
import { LlamaConfig, llama } from './architectures/llama.js';
import { MistralConfig, mistral } from './architectures/mistral.js';
import { MixtralConfig, mixtral } from './architectures/mixtral.js';
import { Olmo2Config, olmo2 } from './architectures/olmo2.js';
import { PhiConfig, phi } from './architectures/phi.js';
import { Phi3Config, phi3 } from './architectures/phi3.js';
import { Qwen2Config, qwen2 } from './architectures/qwen2.js';
import { Qwen2MoeConfig, qwen2Moe } from './architectures/qwen2-moe.js';
import { Qwen3Config, qwen3 } from './architectures/qwen3.js';
import { Qwen3MoeConfig, qwen3Moe } from './architectures/qwen3-moe.js';
import { StableLmConfig, stablelm } from './architectures/stablelm.js';
import { type BatchShape, Forward, type ForwardGraph, type ForwardOptions } from './forward.js';
import { type Classes, classesOf, padIdOf } from './model-task.js';
import { parseConfig } from './parse-config.js';

interface Architecture<Config> {
  readonly config: z.ZodType<Config>;
  readonly forward: (f: Forward, config: Config, inputIds: Value) => Value;
  /** What the model predicts; next tokens by default. */
  readonly head?: (config: Config) => Head;
}

interface Head {
  readonly task: ModelTask;
  /** Of a sequence classifier, how many classes it has. */
  readonly classes?: number;
}

const NEXT_TOKEN: Head = { task: 'causal-lm' };

export interface ParsedModel {
  readonly modelType: string;
  /** Decides the loss. */
  readonly task: ModelTask;
  /** Of a sequence classifier. */
  readonly classes?: Classes;
  readonly vocabulary: number;
  readonly maxPositions: number;
  /** What the configuration wants rows padded with. */
  readonly padId?: number | undefined;
  /** The ONNX file that the graph is taken from; absent where this package writes the graph. */
  readonly file?: string;
  /** The forward pass for one batch shape; see {@link buildForward}. */
  readonly build: (
    tensors: ReadonlyMap<string, TensorRef>,
    shape: BatchShape,
    options?: ForwardOptions,
  ) => ForwardGraph;
}

/** A model that config.json describes: its forward pass takes what tensors it asks for. */
export interface ParsedArchitecture extends ParsedModel {
  readonly forward: (f: Forward, inputIds: Value) => Value;
}

/** One file per `model_type` of config.json. */
const architectures = {
  bert: architecture({
    config: BertConfig,
    forward: bert,
    head: (config) => {
      const task = bertTask(config);
      return task === 'sequence-classification' ? { task, classes: bertClasses(config) } : { task };
    },
  }),
  gemma2: architecture({ config: Gemma2Config, forward: gemma2 }),
  gemma3_text: architecture({ config: Gemma3TextConfig, forward: gemma3Text }),
  gpt2: architecture({ config: Gpt2Config, forward: gpt2 }),
  llama: architecture({ config: LlamaConfig, forward: llama }),
  mistral: architecture({ config: MistralConfig, forward: mistral }),
  mixtral: architecture({ config: MixtralConfig, forward: mixtral }),
  olmo2: architecture({ config: Olmo2Config, forward: olmo2 }),
  phi: architecture({ config: PhiConfig, forward: phi }),
  phi3: architecture({ config: Phi3Config, forward: phi3 }),
  qwen2: architecture({ config: Qwen2Config, forward: qwen2 }),
  qwen2_moe: architecture({ config: Qwen2MoeConfig, forward: qwen2Moe }),
  qwen3: architecture({ config: Qwen3Config, forward: qwen3 }),
  qwen3_moe: architecture({ config: Qwen3MoeConfig, forward: qwen3Moe }),
  stablelm: architecture({ config: StableLmConfig, forward: stablelm }),
};

export const supportedModelTypes = Object.keys(architectures) as (keyof typeof architectures)[];

type BaseConfig = Pick<LlamaConfig, 'vocab_size' | 'max_position_embeddings'>;

function architecture<Config extends BaseConfig>({
  config,
  forward,
  head = () => NEXT_TOKEN,
}: Architecture<Config>) {
  return (raw: unknown, modelType: string): ParsedArchitecture => {
    const parsed = parseConfig(config, raw);
    const { task, classes } = head(parsed);
    return {
      modelType,
      task,
      ...(classes === undefined ? {} : { classes: classesOf(raw, classes) }),
      padId: padIdOf(raw),
      forward: (f, inputIds) => forward(f, parsed, inputIds),
      vocabulary: parsed.vocab_size,
      maxPositions: parsed.max_position_embeddings,
      build: (tensors, shape, { arithmetic = 'float32', attentionBlocks } = {}) => {
        const builder = new GraphBuilder(modelType);
        const inputIds = builder.input('input_ids', 'int64', [shape.batch, shape.length]);
        const f = new Forward(builder, shape, arithmetic, tensors, attentionBlocks);
        const logits = forward(f, parsed, inputIds);
        const { parameters, parts, routings } = f;
        return { builder, shape, arithmetic, inputIds, logits, parameters, parts, routings };
      },
    };
  };
}

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
    `The architecture ${JSON.stringify(type)} is not supported for Fisher scores; supported are ${supportedModelTypes.join(', ')}. Magnitude works on any safetensors checkpoint.`,
    { model_type: type, supported: supportedModelTypes },
  );
}

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
  const scored = graph.parameters.flatMap((name) => {
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
  return new Map(scored);
}
