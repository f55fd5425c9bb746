import type { Labels } from '@layersense/contracts';
import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';

/** The loss of a batch, and where differentiation starts. */
export interface LossGraph {
  /** ℓₙ for every example: [batch]. */
  readonly losses: Value;
  /** ∂(Σₙ ℓₙ)/∂logits: [rows, classes]. */
  readonly logitsCotangent: Value;
}

/** What attachLoss needs of a forward pass. */
export interface LossInputs {
  /** [rows, classes], as many rows for every example: one per position, or one in all. */
  readonly logits: Value;
  readonly batch: number;
  readonly labels: Labels;
}

/**
 * Cross-entropy of what an example is asked to predict, ℓₙ = Σₜ wₙₜ (logsumexp(zₙₜ) − zₙₜ[yₙₜ]), over
 * the example's rows of logits: next tokens, masked tokens, or one class.
 *
 * The weights wₙₜ carry the reduction (1/(T−1) for `token-mean`, 1 for `sequence-sum`) and are zero
 * where nothing is predicted, so padding contributes neither loss nor cotangent. The cotangent is
 * written down in closed form, wₙₜ (softmax(zₙₜ) − onehot(yₙₜ)): one pass over the logits where the
 * chain through logsumexp and the gather would take six.
 *
 * Adds the inputs `loss_weights` [rows] and, by `labels`, either
 * - `data`: `labels` int64 [rows], or
 * - `model`: `uniforms` [rows, 1] in [0, 1), from which labels are drawn by inverting the model's own
 *   cumulative distribution; this makes the score the true Fisher information.
 */
export function attachLoss(g: GraphBuilder, { logits, batch, labels }: LossInputs): LossGraph {
  return g.scope('loss', () => {
    const [rows = 0] = logits.shape;
    const weights = g.input('loss_weights', logits.dtype, [rows]);
    const probabilities = g.op('Softmax', [logits], { axis: int(-1) });
    const targets = g.reshape(
      labels === 'data' ? g.input('labels', 'int64', [rows]) : drawLabels(g, probabilities),
      [rows, 1],
    );

    const logNormalizer = g.op('ReduceLogSumExp', [logits, g.int64([-1])], { keepdims: int(0) });
    const targetLogits = g.op('GatherElements', [logits, targets], { axis: int(1) });
    const tokenLosses = g.sub(logNormalizer, g.reshape(targetLogits, [rows]));
    const losses = g.reduceSum(g.reshape(g.mul(weights, tokenLosses), [batch, rows / batch]), [1]);

    const column = g.reshape(weights, [rows, 1]);
    const logitsCotangent = g.op(
      'ScatterElements',
      [g.mul(probabilities, column), targets, subtractAt(g, probabilities, targets, column)],
      { axis: int(1) },
    );
    return { losses, logitsCotangent };
  });
}

/** w (p[y] − 1): the cotangent at the label itself, [rows, 1]. */
function subtractAt(g: GraphBuilder, probabilities: Value, targets: Value, weights: Value): Value {
  const atTarget = g.op('GatherElements', [probabilities, targets], { axis: int(1) });
  return g.mul(weights, g.sub(atTarget, g.scalar(1, probabilities.dtype)));
}

/** y = #{v : cdf(v) < u}, the inverse of the cumulative distribution at u: int64 [rows, 1]. */
function drawLabels(g: GraphBuilder, probabilities: Value): Value {
  const [rows = 0, classes = 0] = probabilities.shape;
  const uniforms = g.input('uniforms', probabilities.dtype, [rows, 1]);
  const cumulative = g.op('CumSum', [
    probabilities,
    g.constant({ dtype: 'int64', shape: [], data: [1] }),
  ]);
  const below = g.cast(g.op('Less', [cumulative, uniforms]), probabilities.dtype);
  const count = g.reduceSum(below, [1], true);
  // Rounding can leave the whole distribution's sum below u.
  const last = g.scalar(classes - 1, probabilities.dtype);
  return g.cast(g.op('Min', [count, last]), 'int64');
}
