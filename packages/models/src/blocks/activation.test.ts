import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Forward } from '../forward.js';
import { Activation, activation } from './activation.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

const inputs = [-3, -1, -0.25, 0, 0.5, 1, 2.5];

/** What torch 2.13 gives for `inputs` in float64. */
const torch: Record<Activation, readonly number[]> = {
  silu: [-0.14227762, -0.268941421, -0.109455875, 0.0, 0.311229666, 0.731058579, 2.31035455],
  swish: [-0.14227762, -0.268941421, -0.109455875, 0.0, 0.311229666, 0.731058579, 2.31035455],
  relu: [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5],
  gelu: [-0.004049694, -0.158655254, -0.100323419, 0.0, 0.345731231, 0.841344746, 2.484475837],
  gelu_new: [-0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734],
  gelu_pytorch_tanh: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734,
  ],
  gelu_fast: [-0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734],
};

describe('activation', () => {
  it.each(Activation.options)('%s is what PyTorch computes', async (name) => {
    const g = new GraphBuilder('activation');
    const x = g.input('x', 'float32', [inputs.length]);
    const forward = new Forward(g, { batch: 1, length: 1 }, 'float32', new Map());
    const y = activation(forward, name, x);
    const session = await compute.openSession(encodeModel(g.build([y])), { device: 'cpu' });
    const data = Float32Array.from(inputs);
    const { outputs } = await session.run({ x: { dtype: 'float32', shape: [data.length], data } });
    await session.release();
    const actual = Array.from((outputs[y.name]?.data ?? []) as Float32Array);
    expect(actual.length).toBe(inputs.length);
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(torch[name][i] ?? Number.NaN, 6);
    });
  });
});
