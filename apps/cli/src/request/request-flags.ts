import { MASK_PROBABILITY } from '@layersense/contracts';
import { byteSize } from '../command-line/values.js';

/** One flag that says something of the request. */
export interface RequestFlag {
  /** As commander reads it. */
  readonly flags: string;
  /** Where in the request its value goes; the schema there tells its type, choices and default. */
  readonly path: string;
  readonly help: string;
  /** What the help shows where the schema has no default. */
  readonly standard?: string;
  /** Values on the command line, where the request has no text for them. */
  readonly choices?: readonly string[];
  /** Makes the request's value of the text, where the schema's type does not say how. */
  readonly read?: (text: string) => unknown;
  /** Why a method that needs it does. */
  readonly why?: string;
}

export const DEFAULT_METHOD = 'fisher';

/**
 * The flags of a request by the heading of the help. A parameter of a method that has no flag here
 * is given with `--param`.
 */
export const requestFlags: Readonly<Record<string, readonly RequestFlag[]>> = {
  'What is computed': [
    {
      flags: '--method <METHOD>',
      path: 'method',
      standard: DEFAULT_METHOD,
      help: 'fisher: mean over the examples of the squared gradient norm; magnitude: sums over the weights, without data; format_error: what numeric formats make of the weights, without data; price: what they do to the loss, from a stored run; measure: what they do to predictions, see layersense measure',
    },
    {
      flags: '--formats <LIST>',
      path: 'params.formats',
      read: (text) => text.split(','),
      why: 'it measures what each of them makes of a weight, int4_g32,nvfp4 for example',
      help: 'numeric formats by name, with commas: int4_g32,int8_channel,nvfp4; the first one ranks',
    },
    {
      flags: '--purpose <PURPOSE>',
      path: 'params.purpose',
      standard: 'ranking',
      help: 'quantisation: the loss is summed and labels are drawn from the model, so that scores tell what a number format does to the loss',
    },
    {
      flags: '--loss <LOSS>',
      path: 'params.loss',
      help: "of a causal model token-mean or sequence-sum, the next tokens' mean or sum; of a masked language model masked-token-mean or masked-token-sum; of a classifier class. Decided by the model when absent, a mean",
    },
    {
      flags: '--mask-probability <P>',
      path: 'params.mask_probability',
      standard: String(MASK_PROBABILITY),
      help: 'share of the tokens that are masked, for a masked language model',
    },
    {
      flags: '--labels <LABELS>',
      path: 'params.labels',
      help: "data: the example's own tokens or class (empirical Fisher); model: drawn from the model's predictions",
    },
    {
      flags: '--draws <N>',
      path: 'params.draws',
      standard: '1',
      help: 'with --labels model: how often labels are drawn for an example; its value is their mean',
    },
    {
      flags: '--revision <R>',
      path: 'revision',
      standard: 'main',
      help: 'branch, tag or commit of a Hub model',
    },
  ],
  'Calibration data': [
    {
      flags: '--dataset <NAME|FILE>',
      path: 'dataset.name',
      why: 'its scores are of a model at work on examples',
      help: 'gsm8k, wikitext, math, sst2, imdb, ag_news, or a .jsonl ({"text"} or {"input_ids"} a line, "label" for a classifier), .txt or .parquet file; required for fisher',
    },
    { flags: '--split <S>', path: 'dataset.split', help: 'split of a named dataset' },
    {
      flags: '--format <F>',
      path: 'dataset.format',
      help: 'what of a gsm8k or math problem is used',
    },
    {
      flags: '--dataset-revision <R>',
      path: 'dataset.revision',
      help: 'revision of a named dataset',
    },
    {
      flags: '--examples <N>',
      path: 'params.examples',
      help: 'how many examples are drawn; with --until, at most',
    },
    {
      flags: '--skip-examples <N>',
      path: 'params.skip_examples',
      help: 'leave out the first N drawn; runs over disjoint examples can be merged',
    },
    {
      flags: '--max-length <N>',
      path: 'params.max_length',
      help: 'tokens after which an example is cut off',
    },
    {
      flags: '--seed <N>',
      path: 'params.seed',
      help: 'decides which examples are drawn, which tokens are masked, and the labels with --labels model',
    },
  ],
  'How much is computed': [
    {
      flags: '--until <CONDITION>',
      path: 'params.until.top_k_stable',
      choices: ['top-k-stable'],
      read: () => ({}),
      help: 'stop as soon as the top of the ranking would be the same over other examples, as the bootstrap tells after every round',
    },
    {
      flags: '--top-k <K>',
      path: 'params.until.top_k_stable.k',
      help: 'with --until: size of the top',
    },
    {
      flags: '--stability <P>',
      path: 'params.until.top_k_stable.probability',
      help: 'with --until: share of the resamples whose top has each of the K layers',
    },
    {
      flags: '--min-examples <N>',
      path: 'params.until.top_k_stable.min_examples',
      help: 'with --until: examples before the first look; each round makes it half as many again',
    },
  ],
  Machine: [
    {
      flags: '--device <D>',
      path: 'device',
      help: 'auto is CUDA where its libraries are installed, else the processor',
    },
    {
      flags: '--batch-size <N>',
      path: 'params.batch_size',
      help: 'examples computed at once; chosen by length when absent. The scores do not depend on it',
    },
    {
      flags: '--plan <PLAN>',
      path: 'params.plan',
      standard: 'auto',
      help: 'whole: one graph, fastest; checkpointed: activations of one block at a time; streamed: weights of one block at a time. All give the same numbers',
    },
    {
      flags: '--memory-limit <SIZE>',
      path: 'params.memory_limit_bytes',
      read: byteSize,
      help: 'what the computation may take, such as 8GiB or 600MB; decides the plan',
    },
  ],
};
