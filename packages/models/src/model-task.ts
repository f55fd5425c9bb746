import { LayersenseError, type ModelTask } from '@layersense/contracts';
import { z } from 'zod';
import { parseConfig } from './parse-config.js';

/** The keys of config.json that say what a model predicts. */
const TaskConfig = z.object({
  architectures: z.array(z.string()).nullish(),
  problem_type: z.string().nullish(),
  label2id: z.record(z.string(), z.number().int()).nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  pad_token_id: z.number().int().min(0).nullish(),
});

/** The classes that a sequence classifier chooses from. */
export interface Classes {
  readonly count: number;
  /** By the name that config.json has for them; empty where it has none. */
  readonly ids: ReadonlyMap<string, number>;
}

/** By the ends of the names of transformers' classes. */
const tasks: readonly (readonly [RegExp, ModelTask])[] = [
  [/ForCausalLM$|LMHeadModel$/, 'causal-lm'],
  [/ForMaskedLM$/, 'masked-lm'],
  [/ForSequenceClassification$/, 'sequence-classification'],
];

/** The first of config.json's `architectures` that has a loss here, and what it predicts. */
export function taskOfHead(config: unknown): {
  readonly heads: readonly string[];
  readonly task: ModelTask | undefined;
} {
  const heads = parseConfig(TaskConfig, config ?? {}).architectures ?? [];
  const found = tasks.find(([pattern]) => heads.some((head) => pattern.test(head)));
  return { heads, task: found?.[1] };
}

/**
 * The classes of a head with `count` outputs.
 *
 * @throws LayersenseError `loss_unsupported` where these are not one class to be chosen
 */
export function classesOf(config: unknown, count: number): Classes {
  const { problem_type: problem, label2id, id2label } = parseConfig(TaskConfig, config ?? {});
  const choice = problem === undefined || problem === null || problem === SINGLE_LABEL;
  if (!choice || count < 2) {
    throw new LayersenseError(
      'loss_unsupported',
      `The classifier has ${count} ${count === 1 ? 'output' : 'outputs'}${choice ? '' : ` and the problem type ${problem}`}: a score needs a cross-entropy over two or more classes of which one is right. Score its weights with the method magnitude.`,
      { outputs: count, ...(choice ? {} : { problem_type: problem }) },
    );
  }
  const inverted = Object.entries(id2label ?? {}).map(([id, name]) => [name, Number(id)] as const);
  return { count, ids: new Map(label2id ? Object.entries(label2id) : inverted) };
}

const SINGLE_LABEL = 'single_label_classification';

/** The token that config.json says rows are padded with. */
export function padIdOf(config: unknown): number | undefined {
  return parseConfig(TaskConfig, config ?? {}).pad_token_id ?? undefined;
}
