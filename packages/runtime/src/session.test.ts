import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  type ElementType,
  encodeModel,
  float,
  GraphBuilder,
  int,
  type Value,
} from '@layersense/onnx-ir';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ComputeProcess,
  type SessionOptions,
  startComputeProcess,
  type TensorData,
} from './index.js';

let compute: ComputeProcess;
let folder: string;

beforeAll(async () => {
  compute = await startComputeProcess();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'layersense-runtime-')));
});

afterAll(async () => {
  await compute.close();
  await rm(folder, { recursive: true });
});

const float32 = (shape: readonly number[], ...data: number[]): TensorData => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

/** Opens the graph that `build` makes of a builder and returns its session. */
async function open(
  build: (b: GraphBuilder) => readonly Value[],
  options?: Partial<SessionOptions>,
) {
  const b = new GraphBuilder('test');
  const outputs = build(b);
  return compute.openSession(encodeModel(b.build(outputs)), { device: 'cpu', ...options });
}

/** A weight of shape [2, 2] that is stored at `offset` of `file`, and cast to float32. */
function weight(
  b: GraphBuilder,
  dtype: ElementType,
  offset: number,
  length: number,
  file = 'w.bin',
) {
  return b.cast(
    b.external(`w${offset}`, { file, offset, length, dtype, shape: [2, 2] }),
    'float32',
  );
}

describe('a session runs', () => {
  test('float32, with inline constants', async () => {
    const session = await open((b) => {
      const x = b.input('x', 'float32', [2, 3]);
      const w = b.constant({ dtype: 'float32', shape: [3, 1], data: [1, 10, 100] });
      return [b.op('MatMul', [x, w], {}, { name: 'y' })];
    });
    expect(session).toMatchObject({ device: 'cpu', inputs: ['x'], outputs: ['y'] });
    const { outputs, seconds } = await session.run({ x: float32([2, 3], 1, 2, 3, 4, 5, 6) });
    expect(outputs).toEqual({ y: float32([2, 1], 321, 654) });
    expect(seconds).toBeGreaterThan(0);
    await session.release();
  });

  test('float64, in full precision', async () => {
    const session = await open((b) => [
      b.add(b.input('x', 'float64', [1]), b.scalar(1e-15, 'float64')),
    ]);
    const { outputs } = await session.run({
      x: { dtype: 'float64', shape: [1], data: Float64Array.of(1) },
    });
    expect(outputs).toEqual({
      Add: { dtype: 'float64', shape: [1], data: Float64Array.of(1 + 1e-15) },
    });
  });

  test('every type of tensor in and out', async () => {
    const tensors: readonly TensorData[] = [
      { dtype: 'float32', shape: [2], data: Float32Array.of(-1, 2) },
      { dtype: 'float64', shape: [2], data: Float64Array.of(-1, 2) },
      { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
      { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 2) },
      { dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) },
      { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
    ];
    for (const x of tensors) {
      const session = await open((b) => [b.op('Identity', [b.input('x', x.dtype, x.shape)])]);
      expect((await session.run({ x })).outputs.Identity).toEqual(x);
    }
  });

  test('operators of the contributed domain, with their attributes', async () => {
    const session = await open((b) => {
      const x = b.input('x', 'float32', [1, 2]);
      const attributes = { transB: int(1), alpha: float(0.5) };
      return [b.op('FusedMatMul', [x, x], attributes, { domain: 'com.microsoft', name: 'y' })];
    });
    const { outputs } = await session.run({ x: float32([1, 2], 1, 3) });
    expect(outputs.y).toEqual(float32([1, 1], 5));
  });
});

describe('weights are read in place', () => {
  // [[1, -2], [0.5, 4]] in three types, none of them at a multiple of its size.
  const stored = {
    float32: { offset: 3, hex: '0000803f000000c00000003f00008040' },
    bfloat16: { offset: 21, hex: '803f00c0003f8040' },
    float16: { offset: 31, hex: '003c00c000380044' },
  } as const;

  beforeAll(async () => {
    const file = Buffer.alloc(64, 0xff);
    for (const { offset, hex } of Object.values(stored)) file.write(hex, offset, 'hex');
    await writeFile(join(folder, 'w.bin'), file);
  });

  test.each(['float32', 'bfloat16', 'float16'] as const)('%s', async (dtype) => {
    const { offset, hex } = stored[dtype];
    const session = await open(
      (b) => [b.matMul(b.input('x', 'float32', [1, 2]), weight(b, dtype, offset, hex.length / 2))],
      { weightsFolder: folder },
    );
    const { outputs } = await session.run({ x: float32([1, 2], 1, 2) });
    expect(outputs.MatMul).toEqual(float32([1, 2], 2, 6));
  });

  test('a missing file is named', async () => {
    const opening = open((b) => [weight(b, 'float32', 0, 16, 'absent.bin')], {
      weightsFolder: folder,
    });
    await expect(opening).rejects.toMatchObject({
      code: 'checkpoint_missing',
      message: `The weight file ${join(folder, 'absent.bin')} does not exist.`,
    });
  });

  test('a truncated file is recognised', async () => {
    const opening = open((b) => [weight(b, 'float32', 56, 16)], { weightsFolder: folder });
    await expect(opening).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });

  test('a link that leaves the folder is not followed', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await symlink(join(folder, 'w.bin'), join(inner, 'w.bin'));
    const opening = open((b) => [weight(b, 'float32', 3, 16)], { weightsFolder: inner });
    await expect(opening).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('what is wrong is said', () => {
  test('bytes that are no model', async () => {
    const opening = compute.openSession(Uint8Array.of(1, 2, 3), { device: 'cpu' });
    await expect(opening).rejects.toMatchObject({ code: 'compute_failed' });
  });

  test('an input of the wrong shape, and one that is not there', async () => {
    const session = await open((b) => [b.neg(b.input('x', 'float32', [2, 3]))]);
    const wrong = session.run({ x: float32([2, 2], 1, 2, 3, 4) });
    await expect(wrong).rejects.toMatchObject({
      code: 'compute_failed',
      message: expect.stringContaining('x'),
    });
    await expect(session.run({})).rejects.toMatchObject({ code: 'compute_failed' });
    const short = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1) } as const;
    await expect(session.run({ x: short })).rejects.toMatchObject({ code: 'compute_failed' });
  });

  test('a tensor larger than the memory', async () => {
    const session = await open((b) => {
      const x = b.input('x', 'float32', [2 ** 21, 1]);
      return [b.reduceSum(b.matMul(x, b.reshape(x, [1, 2 ** 21])), [0, 1])];
    });
    const x = { dtype: 'float32', shape: [2 ** 21, 1], data: new Float32Array(2 ** 21) } as const;
    await expect(session.run({ x })).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringContaining('batch_size'),
    });
  });

  test('a session used after its release', async () => {
    const session = await open((b) => [b.neg(b.input('x', 'float32', [1]))]);
    await session.release();
    await session.release();
    await expect(session.run({ x: float32([1], 1) })).rejects.toThrow('released');
  });

  test('after all of this the process still works', async () => {
    const session = await open((b) => [b.neg(b.input('x', 'float32', [1]))]);
    expect((await session.run({ x: float32([1], 1) })).outputs.Neg).toEqual(float32([1], -1));
  });
});

test('a profile is written when profiling ends', async () => {
  const session = await open((b) => [b.neg(b.input('x', 'float32', [1]))], {
    profilePrefix: join(folder, 'profile'),
  });
  await session.run({ x: float32([1], 1) });
  await session.endProfiling();
  expect((await readdir(folder)).filter((file) => /^profile.*\.json$/.test(file))).toHaveLength(1);
});

test('a stored weight is cast when its layer is reached, not all weights at the start', async () => {
  // Large enough not to be cast once and for all when the session is opened.
  const shape = [256, 256];
  const length = 2 * 256 * 256;
  await writeFile(join(folder, 'layers.bin'), Buffer.alloc(3 * length));
  const profilePrefix = join(folder, 'order');
  const session = await open(
    (b) => {
      let x = b.input('x', 'float32', [1, 256]);
      for (const layer of [0, 1, 2]) {
        const ref = { file: 'layers.bin', offset: layer * length, length, shape };
        const w = b.external(`layer${layer}`, { ...ref, dtype: 'bfloat16' });
        x = b.matMul(x, b.cast(w, 'float32'));
      }
      return [x];
    },
    { weightsFolder: folder, profilePrefix },
  );
  await session.run({ x: float32([1, 256], ...new Array(256).fill(1)) });
  await session.endProfiling();
  expect(await operatorsRun(profilePrefix)).toEqual([
    'Cast',
    'MatMul',
    'Cast',
    'MatMul',
    'Cast',
    'MatMul',
  ]);
});

/** The operators in the order they ran, from the profile. */
async function operatorsRun(profilePrefix: string): Promise<readonly string[]> {
  const file = (await readdir(folder)).find((name) => name.startsWith(basename(profilePrefix)));
  const events: unknown = JSON.parse(await readFile(join(folder, file ?? ''), 'utf8'));
  return (events as { name: string; args?: { op_name?: string } }[])
    .filter((event) => event.name.endsWith('_kernel_time'))
    .map((event) => event.args?.op_name ?? '');
}
