import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import type { ComputeProcess, Device } from '@layersense/runtime';

const SIZE = 64;

/** 1 + 2⁻¹² is a float32 number and lies between two of TF32, whose fraction has 10 bits. */
const FACTOR = 1 + 2 ** -12;

/** Whether a matrix product on `device` rounds its factors, as TF32 does and float32 does not. */
export async function roundsFactors(compute: ComputeProcess, device: Device): Promise<boolean> {
  const g = new GraphBuilder('factors');
  const x = g.input('x', 'float32', [SIZE, SIZE]);
  const y = g.matMul(x, g.input('identity', 'float32', [SIZE, SIZE]));
  const session = await compute.openSession(encodeModel(g.build([y])), { device });
  const tensor = (at: (i: number) => number) => ({
    dtype: 'float32' as const,
    shape: [SIZE, SIZE],
    data: Float32Array.from({ length: SIZE * SIZE }, (_, i) => at(i)),
  });
  const { outputs } = await session.run({
    x: tensor(() => FACTOR),
    identity: tensor((i) => (i % (SIZE + 1) === 0 ? 1 : 0)),
  });
  await session.release();
  return outputs[y.name]?.data[0] !== FACTOR;
}
