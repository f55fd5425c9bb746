import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Forward } from '../forward.js';
import { type Activation, activation } from './activation.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

const inputs = [-3, -1, -0.25, 0, 0.5, 1, 2.5, 7];

/** What torch gives for `inputs` in float64. */
const torch: Record<Activation, readonly number[]> = {
  silu: [
    -0.14227762, -0.268941421, -0.109455875, 0.0, 0.311229666, 0.731058579, 2.31035455, 6.993622642,
  ],
  swish: [
    -0.14227762, -0.268941421, -0.109455875, 0.0, 0.311229666, 0.731058579, 2.31035455, 6.993622642,
  ],
  relu: [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5, 7.0],
  gelu: [-0.004049694, -0.158655254, -0.100323419, 0.0, 0.345731231, 0.841344746, 2.484475837, 7.0],
  gelu_new: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734, 7.0,
  ],
  gelu_pytorch_tanh: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734, 7.0,
  ],
  gelu_python_tanh: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734, 7.0,
  ],
  gelu_accurate: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734, 7.0,
  ],
  gelu_python: [
    -0.004049694, -0.158655254, -0.100323419, 0.0, 0.345731231, 0.841344746, 2.484475837, 7.0,
  ],
  relu2: [0.0, 0.0, 0.0, 0.0, 0.25, 1.0, 6.25, 49.0],
  relu6: [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5, 6.0],
  linear: inputs,
  quick_gelu: [
    -0.01807131, -0.154204234, -0.09880035, 0.0, 0.350388437, 0.845795766, 2.465013835, 6.999953128,
  ],
  mish: [
    -0.145647461, -0.303401461, -0.129926964, 0.0, 0.375245211, 0.865098388, 2.471392305,
    6.99998838,
  ],
  tanh: [
    -0.995054754, -0.761594156, -0.244918662, 0.0, 0.462117157, 0.761594156, 0.986614298,
    0.999998337,
  ],
  sigmoid: [
    0.047425873, 0.268941421, 0.437823499, 0.5, 0.622459331, 0.731058579, 0.92414182, 0.999088949,
  ],
  gelu_fast: [
    -0.003637392, -0.158808009, -0.100324649, 0.0, 0.34571401, 0.841191991, 2.484915734, 7.0,
  ],
};

describe('activation', () => {
  it.each(Object.keys(torch) as Activation[])('%s is what PyTorch computes', async (name) => {
    const g = new GraphBuilder('activation');
    const x = g.input('x', 'float32', [inputs.length]);
    const forward = new Forward(g, { batch: 1, length: 1 }, 'float32', new Map());
    const y = activation(forward, name, x);
    const session = await compute.openSession(encodeModel(g.build([y])), { device: 'cpu' });
    const data = Float32Array.from(inputs);
    const { outputs } = await session.run({ x: { dtype: 'float32', shape: [data.length], data } });
    await session.release();
    const actual = Array.from((outputs[y.name]?.data ?? []) as Float32Array);
    expect(actual).toHaveLength(inputs.length);
    expect(actual).toEqual(torch[name].map((value) => expect.closeTo(value, 5)));
  });
});
