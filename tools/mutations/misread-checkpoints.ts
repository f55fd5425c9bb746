import { type Mutation, replaced } from './mutation.js';

const variants = 'packages/scoring/src/methods/fisher/variants.test.ts';
const ties = 'packages/scoring/src/model/tie-weights.test.ts';

/** What 0.1.0 read otherwise than transformers, whose numbers were silently wrong. */
export const misreadCheckpoints: readonly Mutation[] = [
  {
    fault: 'what config.json ties is tied whatever the files hold',
    file: 'packages/scoring/src/model/tie-weights.ts',
    mutate: (source) =>
      replaced(source, 'if (await isCopy(checkpoint, tie)) {', 'if (source !== undefined) {'),
    mustFail: {
      [variants]: ["'tied-both-differ' equals PyTorch in float64"],
      [ties]: ['is two where one element of them differs, and the record says so'],
    },
  },
  {
    fault: 'a decoder predicts next tokens whatever architectures says',
    file: 'packages/models/dist/model-task.js',
    mutate: (source) => replaced(source, "if (task === 'causal-lm' ||", 'if (true ||'),
    mustFail: {
      [variants]: [
        "'decoder-seqcls-tied' equals PyTorch in float64",
        "'llama-classifier' equals PyTorch in float64",
      ],
      'packages/scoring/src/examples/dataset-rows.test.ts': [
        'is hidden from a classifier that reads the last token, where that is its padding',
      ],
    },
  },
  {
    fault: 'an untied head of BERT has the bias of a tied one',
    file: 'packages/models/dist/architectures/bert.js',
    mutate: (source) =>
      replaced(source, 'tied = (name) => ', "tied = (name) => name === 'decoder.bias' || "),
    mustFail: { [ties]: ['untied has a bias of its own decoder, and '] },
  },
  {
    fault: 'the last of an odd number of rotated dimensions has no frequency',
    file: 'packages/models/dist/blocks/rotary-frequencies.js',
    mutate: (source) => replaced(source, 'Math.ceil(width / 2)', 'Math.floor(width / 2)'),
    mustFail: { [variants]: ["'phi3-odd-rotary' equals PyTorch in float64"] },
  },
];
