import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import {
  type ComputeProcess,
  type Device,
  startComputeProcess,
  type Tensors,
} from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { labelUniforms } from '@layersense/statistics';
import {
  largestRelativeError,
  nonEmpty,
  type ParityCase,
  parityCheckpoints,
  parityFeeds,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parityErrors } from './parity-error.js';
import { softwareVulkan } from './software-vulkan.js';

/** Against PyTorch in float64, as on the CPU. */
const TOLERANCE = 1e-4;

/** One of each kind: tied weights, bfloat16 with grouped heads, float16, biases. */
const checkpoints = ['llama-tied', 'llama-grouped', 'llama3-scaled', 'qwen2'].map((name) => {
  const found = parityCheckpoints().find((checkpoint) => checkpoint.name === name);
  if (!found) throw new Error(`no fixture named ${name}`);
  // Every case is a graph of its own, whose shaders are compiled in seconds.
  return { ...found, cases: found.cases.slice(0, 1) };
});

if (!softwareVulkan) {
  console.warn(
    'SKIPPED: WebGPU numerics need a Vulkan device. `apt-get install chromium-common` gives a software one.',
  );
}

describe.skipIf(!softwareVulkan)('WebGPU, on SwiftShader', () => {
  let compute: ComputeProcess;
  let scratch: string;
  beforeAll(async () => {
    compute = await startComputeProcess({ environment: softwareVulkan ?? {} });
    scratch = await mkdtemp(join(tmpdir(), 'layersense-webgpu-'));
  });
  afterAll(async () => {
    await compute.close();
    await rm(scratch, { recursive: true });
  });

  it.each(checkpoints)('$name equals PyTorch in float64, computed on the device', async (each) => {
    const profilePrefix = join(scratch, each.name);
    const errors = await parityErrors(compute, 'webgpu', each, { profilePrefix });
    expect(errors.length).toBe(1);
    for (const { largest, parameter } of nonEmpty(errors))
      expect(largest, parameter).toBeLessThan(TOLERANCE);

    const onCpu = await operatorsOnCpu(scratch, each.name);
    // Token ids, and look-ups in half-precision tables.
    const allowed = new Set(['Cast', 'Gather', 'Reshape']);
    expect(onCpu.filter((operator) => !allowed.has(operator))).toEqual([]);
  });

  it('widens a bfloat16 weight once, when the session opens', async () => {
    const [size, profilePrefix] = [256, join(scratch, 'widened')];
    const length = 2 * size * size;
    await writeFile(join(scratch, 'w.bin'), Buffer.alloc(length, Buffer.from([0x80, 0x3f])));
    const g = new GraphBuilder('widened');
    const ref = {
      file: 'w.bin',
      offset: 0,
      length,
      dtype: 'bfloat16',
      shape: [size, size],
    } as const;
    const ones = g.external('ones', ref);
    const x = g.input('x', 'float32', [1, size]);
    const y = g.matMul(g.matMul(x, g.cast(ones, 'float32')), g.cast(ones, 'float32'));
    const session = await compute.openSession(encodeModel(g.build([y])), {
      device: 'webgpu',
      weightsFolder: await realpath(scratch),
      disabledOptimizers: ['CommonSubexpressionElimination'],
      profilePrefix,
    });
    const data = new Float32Array(size).fill(1);
    const { outputs } = await session.run({ x: { dtype: 'float32', shape: [1, size], data } });
    await session.endProfiling();
    expect(outputs[y.name]?.data[0]).toBe(size * size);
    expect(await operatorsOnCpu(scratch, 'widened')).toEqual([]);
  });

  it('draws the labels that the CPU draws', async () => {
    const [checkpoint] = checkpoints;
    const expected = checkpoint?.cases[0];
    if (!checkpoint || !expected) throw new Error('no fixture');
    const onCpu = await scoresWithDrawnLabels(compute, 'cpu', checkpoint.folder, expected);
    const onGpu = await scoresWithDrawnLabels(compute, 'webgpu', checkpoint.folder, expected);
    for (const [name, norms] of nonEmpty(onCpu)) {
      const actual = onGpu.get(name);
      expect(largestRelativeError(actual, [...norms]), name).toBeLessThan(TOLERANCE);
    }
  });
});

async function scoresWithDrawnLabels(
  compute: ComputeProcess,
  device: Device,
  folder: string,
  expected: ParityCase,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { tensors, config, weightsFolder } = await openCheckpoint(folder);
  const shape = { batch: expected.input_ids.length, length: 24 };
  const forward = buildForward(parseModel(config), tensors, shape);
  const { graph, parameters } = buildSensitivityGraph(forward, { labels: 'model' });
  const session = await compute.openSession(encodeModel(graph), { device, weightsFolder });
  const { labels: _, ...feeds } = parityFeeds(expected, shape.length, 'float32');
  const data = expected.input_ids.flatMap((_, row) => [...labelUniforms(7, row, shape.length)]);
  const uniforms = { dtype: 'float32', shape: [data.length, 1], data: Float32Array.from(data) };
  const { outputs } = await session.run({ ...feeds, uniforms } as Tensors);
  await session.release();
  return new Map(
    parameters.map(({ name, output }) => [name, (outputs[output]?.data ?? []) as Float32Array]),
  );
}

/** The operators that ran on the CPU, from every profile with this prefix. */
async function operatorsOnCpu(folder: string, prefix: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${prefix}_`));
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const events = contents.flatMap(
    (text) => JSON.parse(text) as { args?: { op_name?: string; provider?: string } }[],
  );
  expect(events.some(({ args }) => args?.provider === 'WebGpuExecutionProvider')).toBe(true);
  return events.flatMap(({ args }) =>
    args?.provider === 'CPUExecutionProvider' ? [args.op_name ?? ''] : [],
  );
}
