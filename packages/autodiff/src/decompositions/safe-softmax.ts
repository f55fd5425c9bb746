import { int, intAttribute, type Value } from '@layersense/onnx-ir';
import type { Decomposition } from './decomposition.js';

/**
 * `Where(IsNaN(P), C, P)` with P = softmax X: exporters write attention so, where a query that may
 * attend to no key has −∞ everywhere and its softmax is NaN. Such rows are taken out before the
 * softmax instead. Their cotangent is then 0; through P it would be NaN·0, which spreads to every
 * other token. Any other `Where` stays.
 */
const safeSoftmax: Decomposition = ({ input }, g) => {
  const [condition, replacement, probabilities] = [input(0), input(1), input(2)];
  const test = g.producer(condition);
  const softmax = g.producer(probabilities);
  const tested = test?.inputs[0];
  if (test?.opType !== 'IsNaN' || tested !== probabilities.name) return undefined;
  if (softmax?.opType !== 'Softmax') return undefined;
  const scores = g.value(softmax.inputs[0] ?? '');
  const constant = (x: number): Value => g.scalar(x, scores.dtype);
  const axis = intAttribute(softmax, 'axis', -1);
  const largest = g.reduce('ReduceMax', scores, [axis], true);
  const attending = g.op('Greater', [largest, constant(-Infinity)]);
  const finite = g.op('Where', [attending, scores, constant(0)]);
  const weights = g.op('Softmax', [finite], { axis: int(axis) });
  return [g.op('Where', [attending, weights, replacement])];
};

export const safeSoftmaxDecompositions = { Where: safeSoftmax } satisfies Record<
  string,
  Decomposition
>;
