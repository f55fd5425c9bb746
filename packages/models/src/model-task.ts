import { LayersenseError, type ModelTask } from '@layersense/contracts';
import { z } from 'zod';
import { parseConfig } from './parse-config.js';

/** The keys of config.json that say what a model predicts. */
const TaskConfig = z.object({
  architectures: z.array(z.string()).nullish(),
  problem_type: z.string().nullish(),
  label2id: z.record(z.string(), z.number().int()).nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  num_labels: z.number().int().positive().nullish(),
  pad_token_id: z.number().int().nullish(),
});

/** The classes that a sequence classifier chooses from. */
export interface Classes {
  readonly count: number;
  /** The class ids by the name that config.json has for them; empty where it has none. */
  readonly ids: ReadonlyMap<string, number>;
}

/** What a model's head predicts, and of a sequence classifier from how many classes. */
export interface Head {
  readonly task: ModelTask;
  readonly classes?: number;
}

/** The tasks by the ends of the names of transformers' classes. */
const tasks: readonly (readonly [RegExp, ModelTask])[] = [
  [/ForCausalLM$|LMHeadModel$/, 'causal-lm'],
  [/ForMaskedLM$/, 'masked-lm'],
  [/ForSequenceClassification$/, 'sequence-classification'],
];

/**
 * The names in config.json's `architectures`, and what the model they name predicts; undefined where
 * that has no loss here.
 *
 * @throws LayersenseError `config_invalid` where they are of models that predict different things
 */
export function taskOfHead(config: unknown): {
  readonly heads: readonly string[];
  readonly task: ModelTask | undefined;
} {
  const heads = parseConfig(TaskConfig, config ?? {}).architectures ?? [];
  const found = new Set(heads.map(taskOf));
  if (found.size > 1) {
    throw new LayersenseError(
      'config_invalid',
      `config.json names several models in architectures, ${heads.join(', ')}, and they do not predict the same. Keep the one that the checkpoint is.`,
      { architectures: heads },
    );
  }
  const [task] = found;
  return { heads, task };
}

function taskOf(head: string): ModelTask | undefined {
  return tasks.find(([pattern]) => pattern.test(head))?.[1];
}

/** The name of a model without a head, `LlamaModel` for example. */
const HEADLESS = /^(?!.*For[A-Z])\w+(?<!DoubleHeads|Reward|LMHead|PreTrained)Model$/;

/**
 * The head of a decoder. One that config.json does not name, or that was left out when the model was
 * saved, predicts the next token.
 *
 * @throws LayersenseError `model_type_unsupported` for a head without a loss here, by its name;
 *   `config_invalid`
 */
export function decoderHead(config: unknown, modelType: string): Head {
  const { heads, task } = taskOfHead(config);
  if (task === 'causal-lm' || heads.every((head) => HEADLESS.test(head))) {
    return { task: 'causal-lm' };
  }
  if (task === 'sequence-classification') return { task, classes: classCount(config) };
  throw unsupportedHead(heads, modelType, '…ForCausalLM and …ForSequenceClassification');
}

/** Whether a model has a head over the vocabulary, which may be tied to its embedding. */
export function predictsTokens(config: unknown): boolean {
  const heads = TaskConfig.safeParse(config).data?.architectures ?? [];
  const other = heads.find((head) => taskOf(head) === undefined && !HEADLESS.test(head));
  return other === undefined && !heads.some((head) => taskOf(head) === 'sequence-classification');
}

/** The name that config.json has for a model without a head; undefined where it names another. */
export function headlessName(config: unknown): string | undefined {
  const heads = TaskConfig.safeParse(config).data?.architectures ?? [];
  return heads.find((head) => HEADLESS.test(head) && taskOf(head) === undefined);
}

/** @throws LayersenseError `model_type_unsupported` for another head; `config_invalid` */
export function encoderHead(config: unknown, modelType: string): Head {
  const { heads, task } = taskOfHead(config);
  if (task === 'masked-lm') return { task };
  if (task === 'sequence-classification') return { task, classes: classCount(config) };
  throw unsupportedHead(heads, modelType, '…ForMaskedLM and …ForSequenceClassification');
}

function unsupportedHead(
  heads: readonly string[],
  modelType: string,
  supported: string,
): LayersenseError {
  return new LayersenseError(
    'model_type_unsupported',
    `config.json calls this checkpoint ${heads.join(', ') || 'by no name in architectures'}; of ${modelType}, ${supported} have a loss here. Use the method magnitude, which needs none.`,
    { architectures: heads },
  );
}

/** transformers writes id2label unless there are two. */
function classCount(config: unknown): number {
  const { num_labels: count, id2label } = parseConfig(TaskConfig, config);
  return id2label ? Object.keys(id2label).length : (count ?? 2);
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

/** The token that config.json says rows are padded with; old files say −1 where there is none. */
export function padIdOf(config: unknown): number | undefined {
  const id = parseConfig(TaskConfig, config ?? {}).pad_token_id ?? -1;
  return id < 0 ? undefined : id;
}
