import { misreadCheckpoints } from './misread-checkpoints.js';
import { type Mutation, replaced } from './mutation.js';

const signature = 'export async function runSensitivityJob(';

export const mutations: readonly Mutation[] = [
  {
    fault: 'reports without per_example',
    file: 'packages/scoring/src/run-sensitivity-job.ts',
    mutate: (source) => `${replaced(source, signature, 'async function unmutated(')}
export const runSensitivityJob: typeof unmutated = async (...given) => {
  const report = await unmutated(...given);
  return { ...report, scores: report.scores.map(({ per_example: _, ...score }) => score) };
};
`,
    mustFail: {
      'packages/scoring/src/plans/plans.test.ts': [
        'gets the same numbers from every plan',
        'takes the next plan when the limit is lower',
      ],
      'packages/scoring/src/plans/out-of-memory.test.ts': [
        'is followed by one with a smaller plan, which computes the rest and says so',
      ],
      'packages/scoring/src/run-sensitivity-job.test.ts': [
        'gives every example the same norms whatever the batch size and the draw',
        'draws labels from the model by seed, whatever the batch size',
        'scores a downloaded model on a named set, and again from the cache',
      ],
    },
  },
  ...misreadCheckpoints,
];
