import type { Targets } from '@layersense/calibration';
import { type FisherParams, MASK_PROBABILITY } from '@layersense/contracts';
import type { ParsedModel } from '@layersense/models';
import { maskedPositions } from '@layersense/statistics';

/** What a job's examples are asked to predict. */
export function targetsOf(
  { params }: { readonly params: Pick<FisherParams, 'labels' | 'seed' | 'mask_probability'> },
  { task, classes }: Pick<ParsedModel, 'task' | 'classes'>,
): Targets {
  const { labels, seed, mask_probability: probability = MASK_PROBABILITY } = params;
  switch (task) {
    case 'causal-lm':
      return { kind: 'next-tokens' };
    case 'masked-lm': {
      const choose = (row: number, eligible: readonly number[]) =>
        maskedPositions(eligible, { seed, row, probability });
      return { kind: 'masked-tokens', choose };
    }
    case 'sequence-classification':
      return { kind: 'class', labels: labels === 'data' ? classes : undefined };
  }
}
