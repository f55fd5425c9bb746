import type { TensorData, Tensors } from '@layersense/runtime';
import { z } from 'zod';

/** What PyTorch computed in float64 for the exports of a model. */
export const OnnxExpected = z.object({
  shapes: z.record(z.string(), z.array(z.number())),
  cases: z.array(
    z.object({
      name: z.string(),
      loss: z.enum(['token-mean', 'sequence-sum', 'masked-token-mean', 'class']),
      input_ids: z.array(z.array(z.number())),
      labels: z.union([z.array(z.number()), z.array(z.array(z.number()))]).optional(),
      losses: z.array(z.number()),
      gradient_squared_norms: z.record(z.string(), z.array(z.number())),
    }),
  ),
});
export type OnnxExpected = z.infer<typeof OnnxExpected>;
export type OnnxCase = OnnxExpected['cases'][number];

/** A case's examples as one batch, padded on the right to `length`. */
export function onnxFeeds(parityCase: OnnxCase, length: number): Tensors {
  const { input_ids: examples, loss } = parityCase;
  const tokens = int64([examples.length, length]);
  const mask = int64([examples.length, length]);
  const segments = int64([examples.length, length]);
  examples.forEach((ids, example) => {
    tokens.data.set(ids.map(BigInt), example * length);
    mask.data.fill(1n, example * length, example * length + ids.length);
  });
  const encoder = loss === 'class' || loss === 'masked-token-mean';
  return {
    input_ids: tokens,
    ...(encoder ? { attention_mask: mask, token_type_ids: segments } : {}),
    ...labelsOf(parityCase, length),
  };
}

function labelsOf({ input_ids: examples, loss, labels: given }: OnnxCase, length: number): Tensors {
  const perExample = loss === 'class' ? 1 : length;
  const rows = examples.length * perExample;
  const labels = int64([rows]);
  const weights = new Float32Array(rows);
  examples.forEach((ids, example) => {
    const label = given?.[example];
    const targets =
      label === undefined ? ids.slice(1) : typeof label === 'number' ? [label] : label;
    const scored = targets.filter((target) => target >= 0).length;
    targets.forEach((target, i) => {
      if (target < 0) return;
      labels.data[example * perExample + i] = BigInt(target);
      weights[example * perExample + i] = loss === 'sequence-sum' ? 1 : 1 / scored;
    });
  });
  return { labels, loss_weights: { dtype: 'float32', shape: [rows], data: weights } };
}

function int64(shape: readonly number[]): Extract<TensorData, { dtype: 'int64' }> {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { dtype: 'int64', shape, data: new BigInt64Array(size) };
}
