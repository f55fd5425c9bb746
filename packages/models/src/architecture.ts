import { GraphBuilder, type Value } from '@layersense/onnx-ir';
import type { z } from 'zod';
import { classHead } from './blocks/class-head.js';
import { checkHeads } from './blocks/heads.js';
import { type LanguageHead, languageHead } from './blocks/language-head.js';
import { Forward } from './forward.js';
import { checkLayerTypes } from './layer-windows.js';
import { classesOf, decoderHead, encoderHead, type Head, padIdOf } from './model-task.js';
import { parseConfig } from './parse-config.js';
import type { ParsedArchitecture } from './parsed-model.js';
import { frequenciesByLength, parseRope, type RopeConfig, type RopeSource } from './rope-config.js';

interface Architecture<Config> {
  readonly config: z.ZodType<Config>;
  /** Token ids → logits of what `head` predicts. */
  readonly forward: (f: Forward, config: Config, inputIds: Value, head: ModelHead) => Value;
  /** What a model of this type predicts. */
  readonly headOf: (config: unknown, modelType: string) => Head;
  /** Rows of the table of positions; none by default. */
  readonly positions?: (config: Config) => number;
  readonly ropes?: (config: Config) => readonly RopeConfig[];
  /** Whether it looks both ways, and tells segments apart; otherwise classes are read at the last token. */
  readonly encodes: boolean;
}

export interface ModelHead extends Head {
  readonly padId: number | undefined;
}

interface Decoder<Config> extends Pick<Architecture<Config>, 'config' | 'positions' | 'ropes'> {
  /** Token ids → hidden states [batch · length, width]. */
  readonly hidden: (f: Forward, config: Config, inputIds: Value) => Value;
  /** → [batch · length, vocabulary]; a linear layer by default. */
  readonly language?: (f: Forward, config: Config, hidden: Value) => Value;
}

type Parse = (raw: unknown, modelType: string) => ParsedArchitecture;

/** An encoder, which ends in heads of its own. */
export function encoder<Config extends LanguageHead>(
  options: Omit<Architecture<Config>, 'headOf' | 'encodes'>,
): Parse {
  return architecture({ ...options, headOf: encoderHead, encodes: true });
}

/** A decoder, which predicts next tokens or, by the last token, a class. */
export function decoder<Config extends LanguageHead>({
  hidden,
  language = (f, config, x) => languageHead(f, x, config),
  ...options
}: Decoder<Config>): Parse {
  return architecture({
    ...options,
    headOf: decoderHead,
    encodes: false,
    forward: (f, config, inputIds, { classes, padId }) => {
      const x = hidden(f, config, inputIds);
      return classes === undefined
        ? f.g.scope('lm_head', () => language(f, config, x))
        : f.g.scope('score', () => classHead(f, x, inputIds, { classes, padId }));
    },
  });
}

/** A decoder whose positions are rotations of whole heads, all by one set of frequencies. */
export function rotaryDecoder<Config extends LanguageHead & RopeSource>(
  options: Decoder<Config>,
): Parse {
  return decoder({ ropes: (config) => [parseRope(config)], ...options });
}

function architecture<Config extends LanguageHead>({
  config: schema,
  forward,
  headOf,
  positions,
  ropes = () => [],
  encodes,
}: Architecture<Config>): Parse {
  return (raw, modelType) => {
    const config = parseConfig(schema.superRefine(checkHeads).superRefine(checkLayerTypes), raw);
    const { task, classes } = headOf(raw, modelType);
    const padId = padIdOf(raw);
    const head = { task, padId, ...(classes === undefined ? {} : { classes }) };
    return {
      modelType,
      task,
      ...(classes === undefined ? {} : { classes: classesOf(raw, classes) }),
      padId,
      forward: (f, inputIds) => forward(f, config, inputIds, head),
      vocabulary: config.vocab_size,
      maxPositions: positions?.(config) ?? Number.MAX_SAFE_INTEGER,
      relativePositions: positions === undefined,
      segments: encodes,
      ...(classes === undefined || encodes ? {} : { lastToken: { padId } }),
      lengthGroup: lengthGroup(ropes(config)),
      build: (tensors, shape, { arithmetic = 'float32', attentionBlocks } = {}) => {
        const builder = new GraphBuilder(modelType);
        const inputIds = builder.input('input_ids', 'int64', [shape.batch, shape.length]);
        const f = new Forward(builder, shape, arithmetic, tensors, attentionBlocks);
        const logits = forward(f, config, inputIds, head);
        const { parameters, parts, stacks, unused, routings } = f;
        const lists = { parameters, parts, stacks, unused, routings };
        return { builder, shape, arithmetic, inputIds, logits, ...lists };
      },
    };
  };
}

/** Lengths whose frequencies are the same in all of a model's rotations. */
function lengthGroup(ropes: readonly RopeConfig[]): ParsedArchitecture['lengthGroup'] {
  const groups = ropes.map(frequenciesByLength).filter((group) => group !== undefined);
  if (groups.length === 0) return undefined;
  return (length) => groups.map((group) => group(length)).join();
}
