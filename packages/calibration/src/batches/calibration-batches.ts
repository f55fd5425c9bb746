import type { Loss } from '@layersense/contracts';
import type { ModelInput } from '../calibration-example.js';
import { type BatchOptions, type BatchShape, planBatches } from './plan-batches.js';

/** One run of the computation. Arrays are row-major [batch, length], rows padded on the right. */
export interface Batch extends BatchShape {
  /** The example of each row, as its position in the set; rows beyond these are empty. */
  readonly examplePositions: readonly number[];
  /** Token ids; `padId` where padded. */
  readonly inputIds: BigInt64Array;
  /** The segment of every token. */
  readonly segments: BigInt64Array;
  /**
   * What is to be predicted at every row of the logits, [batch, length] or [batch] for `class`: the
   * next token, the masked token or the class; 0 where nothing is.
   */
  readonly labels: BigInt64Array;
  /**
   * Of the form of `labels`. An example's loss is Σₜ weight · cross-entropy; where something is to be
   * predicted the weight is 1 over the number of such places for a mean and 1 for a sum, elsewhere 0.
   */
  readonly lossWeights: Float32Array;
  /** 1 where there is a token, 0 where padded. */
  readonly tokenMask: Float32Array;
}

export interface CalibrationBatchOptions extends BatchOptions {
  readonly loss: Loss;
  /** 0 by default. */
  readonly padId?: number | undefined;
}

interface TokenExamples {
  readonly examples: readonly ModelInput[];
}

const sums: readonly Loss[] = ['sequence-sum', 'masked-token-sum'];

/**
 * Every example of the set in exactly one batch, in the order of {@link planBatches}. Equal sets
 * and options give equal batches.
 */
export function* calibrationBatches(
  set: TokenExamples,
  options: CalibrationBatchOptions,
): Generator<Batch> {
  const { loss, padId = 0 } = options;
  const lengths = set.examples.map((example) => example.inputIds.length);
  for (const { positions, batch, length } of planBatches(lengths, options)) {
    const lossRows = loss === 'class' ? 1 : length;
    const arrays = {
      inputIds: new BigInt64Array(batch * length).fill(BigInt(padId)),
      tokenMask: new Float32Array(batch * length),
      segments: new BigInt64Array(batch * length),
      labels: new BigInt64Array(batch * lossRows),
      lossWeights: new Float32Array(batch * lossRows),
    };
    for (const [row, position] of positions.entries()) {
      const { inputIds = new Int32Array(), segments, targets } = set.examples[position] ?? {};
      const start = row * length;
      arrays.inputIds.set(BigInt64Array.from(inputIds, BigInt), start);
      arrays.tokenMask.fill(1, start, start + inputIds.length);
      if (segments) arrays.segments.set(BigInt64Array.from(segments, BigInt), start);
      setTargets(arrays, row * lossRows, targets ?? inputIds.subarray(1), loss);
    }
    yield { examplePositions: positions, batch, length, ...arrays };
  }
}

/** A negative target is none. */
function setTargets(
  { labels, lossWeights }: Pick<Batch, 'labels' | 'lossWeights'>,
  start: number,
  targets: Int32Array,
  loss: Loss,
): void {
  const predicted = targets.reduce((count, target) => count + (target < 0 ? 0 : 1), 0);
  const weight = sums.includes(loss) ? 1 : 1 / predicted;
  for (const [i, target] of targets.entries()) {
    if (target < 0) continue;
    labels[start + i] = BigInt(target);
    lossWeights[start + i] = weight;
  }
}
