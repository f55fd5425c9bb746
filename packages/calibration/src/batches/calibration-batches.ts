import type { Loss } from '@layersense/contracts';
import { type BatchOptions, type BatchShape, planBatches } from './plan-batches.js';

/** One run of the computation. Arrays are row-major [batch, length], rows padded on the right. */
export interface Batch extends BatchShape {
  /** The example of each row, as its position in the set; rows beyond these are empty. */
  readonly examplePositions: readonly number[];
  /** Token ids; 0 where padded. */
  readonly inputIds: BigInt64Array;
  /** The next token; 0 where there is none. */
  readonly labels: BigInt64Array;
  /**
   * An example's loss is Σₜ weight · cross-entropy. For an example of T tokens the weight of
   * positions 0..T-2 is 1 / (T - 1) for `token-mean` and 1 for `sequence-sum`; elsewhere it is 0.
   */
  readonly lossWeights: Float32Array;
  /** 1 where there is a token, 0 where padded. */
  readonly tokenMask: Float32Array;
}

export interface CalibrationBatchOptions extends BatchOptions {
  readonly loss: Loss;
}

interface TokenExamples {
  readonly examples: readonly { readonly inputIds: Int32Array }[];
}

/**
 * Every example of the set in exactly one batch, in the order of {@link planBatches}. Equal sets
 * and options give equal batches.
 */
export function* calibrationBatches(
  set: TokenExamples,
  options: CalibrationBatchOptions,
): Generator<Batch> {
  const lengths = set.examples.map((example) => example.inputIds.length);
  for (const { positions, batch, length } of planBatches(lengths, options)) {
    const inputIds = new BigInt64Array(batch * length);
    const labels = new BigInt64Array(batch * length);
    const lossWeights = new Float32Array(batch * length);
    const tokenMask = new Float32Array(batch * length);
    for (const [row, position] of positions.entries()) {
      const tokens = BigInt64Array.from(set.examples[position]?.inputIds ?? [], BigInt);
      const start = row * length;
      inputIds.set(tokens, start);
      labels.set(tokens.subarray(1), start);
      tokenMask.fill(1, start, start + tokens.length);
      const predictions = tokens.length - 1;
      const weight = options.loss === 'token-mean' ? 1 / predictions : 1;
      lossWeights.fill(weight, start, start + predictions);
    }
    const tensors = { inputIds, labels, lossWeights, tokenMask };
    yield { examplePositions: positions, batch, length, ...tensors };
  }
}
