import {
  DatasetSpec,
  Device,
  FisherParams,
  Labels,
  Loss,
  MASK_PROBABILITY,
  methods,
  Until,
} from '@layersense/contracts';
import { debugFlag, type Flags, type Syntax } from '../arguments.js';

const standard = FisherParams.parse({});
const stopping = Until.parse({}).top_k_stable;
const formats = DatasetSpec.shape.format.unwrap().options;

const what = 'What is computed';
const data = 'Calibration data';
const enough = 'How much is computed';
const output = 'Output';
const machine = 'Machine';

const flags = {
  method: {
    value: 'METHOD',
    choices: methods,
    standard: 'fisher',
    group: what,
    help: 'fisher: mean over the examples of the squared gradient norm; magnitude: sums over the weights, without data',
  },
  loss: {
    value: 'LOSS',
    choices: Loss.options,
    group: what,
    help: "of a causal model token-mean or sequence-sum, the next tokens' mean or sum; of a masked language model masked-token-mean or masked-token-sum; of a classifier class. Decided by the model when absent, a mean",
  },
  'mask-probability': {
    value: 'P',
    decimal: true,
    standard: String(MASK_PROBABILITY),
    group: what,
    help: 'share of the tokens that are masked, for a masked language model',
  },
  labels: {
    value: 'LABELS',
    choices: Labels.options,
    standard: standard.labels,
    group: what,
    help: "data: the example's own tokens or class (empirical Fisher); model: drawn from the model's predictions",
  },
  draws: {
    value: 'N',
    integer: true,
    standard: '1',
    group: what,
    help: 'with --labels model: how often labels are drawn for an example; its value is their mean',
  },
  revision: {
    value: 'R',
    standard: 'main',
    group: what,
    help: 'branch, tag or commit of a Hub model',
  },
  dataset: {
    value: 'NAME|FILE',
    group: data,
    help: 'gsm8k, wikitext, math, sst2, imdb, ag_news, or a .jsonl ({"text"} or {"input_ids"} a line, "label" for a classifier), .txt or .parquet file; required for fisher',
  },
  split: { value: 'S', group: data, help: 'split of a named dataset' },
  format: {
    value: 'F',
    choices: formats,
    group: data,
    help: 'what of a gsm8k or math problem is used',
  },
  'dataset-revision': { value: 'R', group: data, help: 'revision of a named dataset' },
  examples: {
    value: 'N',
    integer: true,
    standard: String(standard.examples),
    group: data,
    help: 'how many examples are drawn; with --until, at most',
  },
  'skip-examples': {
    value: 'N',
    integer: true,
    group: data,
    help: 'leave out the first N drawn; runs over disjoint examples can be merged',
  },
  'max-length': {
    value: 'N',
    integer: true,
    standard: String(standard.max_length),
    group: data,
    help: 'tokens after which an example is cut off',
  },
  seed: {
    value: 'N',
    integer: true,
    standard: String(standard.seed),
    group: data,
    help: 'decides which examples are drawn, which tokens are masked, and the labels with --labels model',
  },
  until: {
    value: 'CONDITION',
    choices: ['top-k-stable'],
    group: enough,
    help: 'stop as soon as the top of the ranking would be the same over other examples, as the bootstrap tells after every round',
  },
  'top-k': {
    value: 'K',
    integer: true,
    standard: String(stopping.k),
    group: enough,
    help: 'with --until: size of the top',
  },
  stability: {
    value: 'P',
    decimal: true,
    standard: String(stopping.probability),
    group: enough,
    help: 'with --until: share of the resamples whose top has each of the K layers',
  },
  'min-examples': {
    value: 'N',
    integer: true,
    standard: String(stopping.min_examples),
    group: enough,
    help: 'with --until: examples before the first look; each round makes it half as many again',
  },
  extend: {
    value: 'FILE',
    group: enough,
    help: 'take the values of examples that are in this report (--json --per-example) and compute the others',
  },
  json: { group: output, help: 'the whole report as JSON: {"run": {…}, "scores": […]}' },
  csv: { group: output, help: 'the scores as CSV under a header' },
  'per-example': { group: output, help: "with --json: every example's own value for every layer" },
  top: {
    value: 'N',
    integer: true,
    standard: '20',
    group: output,
    help: 'rows of the table',
  },
  out: {
    value: 'FILE',
    group: output,
    help: 'write there instead of to standard output; .json and .csv choose the format',
  },
  device: {
    value: 'D',
    choices: Device.options,
    standard: 'auto',
    group: machine,
    help: 'auto is CUDA where its libraries are installed, else the processor',
  },
  'batch-size': {
    value: 'N',
    integer: true,
    group: machine,
    help: 'examples computed at once; chosen by length when absent. The scores do not depend on it',
  },
  plan: {
    value: 'PLAN',
    choices: ['auto', 'whole', 'checkpointed', 'streamed'],
    standard: 'auto',
    group: machine,
    help: 'whole: one graph, fastest; checkpointed: activations of one block at a time; streamed: weights of one block at a time. All give the same numbers',
  },
  'memory-limit': {
    value: 'SIZE',
    group: machine,
    help: 'what the computation may take, such as 8GiB or 600MB; decides the plan',
  },
  threads: {
    value: 'N',
    integer: true,
    group: machine,
    help: 'threads; all processors when absent',
  },
  debug: debugFlag,
} as const satisfies Flags;

export type ScoreFlags = typeof flags;

export const scoreSyntax: Syntax<ScoreFlags> = {
  command: 'score',
  summary:
    'Score every weight of a model by how much the loss depends on it, here and now: no server, no database.',
  operands: [
    { name: 'MODEL', help: 'a folder with a checkpoint, or a Hugging Face Hub repository' },
  ],
  flags,
  examples: [
    {
      line: 'layersense score ./demo/model --dataset ./demo/datasets/arithmetic.jsonl',
      what: 'Fisher scores of the demo model, as a table',
    },
    {
      line: 'layersense score Qwen/Qwen2.5-0.5B --dataset gsm8k --examples 128 --out scores.json',
      what: 'the whole report of a Hub model in a file',
    },
    {
      line: 'layersense score Qwen/Qwen2.5-0.5B --dataset gsm8k --examples 512 --until top-k-stable',
      what: 'as many examples as the ten first layers need, 512 at most',
    },
    {
      line: 'layersense score ./demo/model --method magnitude --csv',
      what: 'sums over the weights, for a spreadsheet',
    },
  ],
};
