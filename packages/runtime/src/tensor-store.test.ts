import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { expect, it } from 'vitest';
import { startComputeProcess } from './compute-process.js';
import { TensorStore } from './tensor-store.js';

const vector = (...values: number[]) =>
  ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const;

it('moves to files what memory must not hold, and gives back the same bits', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'layersense-store-'));
  const store = new TensorStore();
  store.reset({ memoryBytes: 12, folder });
  const tensors = [vector(1, 2), vector(0.1, Number.MIN_VALUE, -0), vector(7)];
  for (const [i, tensor] of tensors.entries()) store.put(`t${i}`, tensor);
  expect(await readdir(folder)).toHaveLength(1);
  for (const [i, tensor] of tensors.entries()) expect(store.get(`t${i}`)).toEqual(tensor);
  const ids = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 40n) } as const;
  store.put('ids', ids);
  expect(store.get('ids')).toEqual(ids);

  for (const key of ['t0', 't1', 't2', 'ids', 'never']) store.delete(key);
  expect(await readdir(folder)).toHaveLength(0);
  expect(() => store.get('t0')).toThrow(expect.objectContaining({ code: 'compute_failed' }));
  await rm(folder, { recursive: true });
});

it('leaves to another process what is as it was written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'layersense-store-'));
  const limits = { memoryBytes: 1e9, folder, durable: true };
  const before = new TensorStore();
  before.reset(limits);
  const keys = ['intact', 'shorter', 'changed', 'gone', 'forgotten'];
  const described = keys.flatMap((key, i) => before.put(key, vector(i, 0.5, -0)) ?? []);
  const fileOf = (key: string) =>
    join(folder, described.find((tensor) => tensor.key === key)?.file ?? '');
  expect(before.get('shorter')).toEqual(vector(1, 0.5, -0));
  await truncate(fileOf('shorter'), 8);
  await writeFile(fileOf('changed'), new Uint8Array(12));
  await rm(fileOf('gone'));
  before.delete('forgotten');

  const after = new TensorStore();
  after.reset(limits);
  expect(after.adopt(described)).toEqual(['intact']);
  expect(after.get('intact')).toEqual(vector(0, 0.5, -0));
  expect(() => after.get('changed')).toThrow('No tensor is stored');
  const [intact] = described;
  expect(intact && after.adopt([{ ...intact, file: '../elsewhere' }])).toEqual([]);
  await rm(folder, { recursive: true });
});

it('carries tensors from run to run inside the compute process', async () => {
  const g = new GraphBuilder('double');
  const x = g.input('x', 'float32', [2]);
  const twice = g.add(x, x);
  const four = g.mul(twice, twice);
  const compute = await startComputeProcess();
  const session = await compute.openSession(encodeModel(g.build([twice, four])), { device: 'cpu' });
  const keep = { [twice.name]: 'a' };
  const first = await session.run({ x: vector(1, 3) }, { keep });
  expect(Object.keys(first.outputs)).toEqual([four.name]);
  const second = await session.run({}, { stored: { x: 'a' } });
  expect(second.outputs[twice.name]?.data).toEqual(Float32Array.of(4, 12));
  await compute.forget(['a']);
  await expect(session.run({}, { stored: { x: 'a' } })).rejects.toMatchObject({
    code: 'compute_failed',
  });
  await compute.close();
});
