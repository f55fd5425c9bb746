import { LayersenseError, type ModelTask } from '@layersense/contracts';
import { z } from 'zod';
import type { ForwardGraph } from '../forward.js';
import { taskOfHead } from '../model-task.js';
import { parseConfig } from '../parse-config.js';
import type { OnnxModel } from './onnx-model.js';

/** The keys of config.json that say how long a sequence may be. */
const Positions = z.object({
  model_type: z.string().nullish(),
  max_position_embeddings: z.number().int().positive().nullish(),
  n_positions: z.number().int().positive().nullish(),
  pad_token_id: z.number().int().min(0).nullish(),
});

/**
 * What the model predicts. Its graph does not say so, and the wrong loss would give numbers without
 * meaning: config.json says it, or for a decoder a key-value cache.
 *
 * @throws LayersenseError `model_type_unsupported`, `config_invalid`
 */
export function onnxTask(model: OnnxModel, config: unknown): ModelTask {
  const { heads, task } = taskOfHead(config);
  const [head] = heads;
  const cached = model.decoded.inputs.some(({ name }) => name.startsWith('past'));
  if (task === undefined && !(head === undefined && cached)) {
    throw new LayersenseError(
      head === undefined ? 'config_invalid' : 'model_type_unsupported',
      head === undefined
        ? `Nothing says what ${model.file} predicts. Put the config.json of the model it was exported from beside it.`
        : `${model.file} is a ${head}; what can be scored are models that predict the next token (…ForCausalLM), masked tokens (…ForMaskedLM) or a class of the sequence (…ForSequenceClassification). Magnitude takes any.`,
      head === undefined ? { file: model.file } : { architecture: head },
    );
  }
  if (task !== undefined && task !== 'causal-lm') assertHidesPadding(model, head ?? '');
  return task ?? 'causal-lm';
}

/** An encoder sees the padding of a batch unless it is told. */
function assertHidesPadding({ decoded, file }: OnnxModel, head: string): void {
  if (decoded.inputs.some(({ name }) => name === 'attention_mask')) return;
  throw new LayersenseError(
    'model_type_unsupported',
    `${file}, a ${head}, has no input attention_mask, so that padding could not be hidden from it. Export it with input_ids and attention_mask.`,
    { architecture: head, inputs: decoded.inputs.map(({ name }) => name) },
  );
}

/** RoBERTa and its kin count positions from the one after the padding token's id. */
const OFFSET_POSITIONS = /^(xlm-)?roberta|^camembert|^mpnet|^longformer/;

/** The longest sequence that config.json allows; the file itself may allow less. */
export function maxPositionsOf(config: unknown): number {
  const parsed = parseConfig(Positions, config ?? {});
  const rows = parsed.max_position_embeddings ?? parsed.n_positions ?? Number.MAX_SAFE_INTEGER;
  const offset = OFFSET_POSITIONS.test(parsed.model_type ?? '');
  return offset ? rows - (parsed.pad_token_id ?? 1) - 1 : rows;
}

/** How many tokens the model knows: the rows of the table that they are looked up in. */
export function vocabularyOf(forward: ForwardGraph): number {
  const { builder: g, inputIds, logits, parameters, shape } = forward;
  const tokens = new Set([inputIds.name]);
  for (const { opType, inputs, outputs } of g.nodes) {
    const [first = '', second = ''] = inputs;
    if (opType === 'Cast' && tokens.has(first)) for (const name of outputs) tokens.add(name);
    if (opType === 'Gather' && tokens.has(second) && parameters.includes(first)) {
      return g.value(first).shape[0] ?? 0;
    }
  }
  const [rows, classes = 0] = logits.shape;
  const perToken = rows === shape.batch * shape.length;
  return perToken ? classes : Number.MAX_SAFE_INTEGER;
}
