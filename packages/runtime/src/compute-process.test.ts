import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { afterEach, describe, expect, test } from 'vitest';
import { type ComputeProcess, startComputeProcess, type Tensors } from './index.js';

const SIZE = 2048;

/** A product of many large matrices: 3.4 TFLOP, more than ten seconds of one thread. */
function endlessModel(): Uint8Array {
  const b = new GraphBuilder('endless');
  const x = b.input('x', 'float32', [SIZE, SIZE]);
  let y = x;
  for (let i = 0; i < 200; i++) y = b.matMul(y, x);
  return encodeModel(b.build([b.reduceSum(y, [0, 1])]));
}

const endlessFeeds: Tensors = {
  x: { dtype: 'float32', shape: [SIZE, SIZE], data: new Float32Array(SIZE * SIZE) },
};

const started: ComputeProcess[] = [];

async function start(signal?: AbortSignal): Promise<ComputeProcess> {
  const compute = await startComputeProcess(signal ? { signal } : {});
  started.push(compute);
  return compute;
}

/** A run that has begun and will not end by itself. */
async function runEndlessly(compute: ComputeProcess): Promise<{ result: Promise<unknown> }> {
  const session = await compute.openSession(endlessModel(), { device: 'cpu', threads: 1 });
  const result = session.run(endlessFeeds);
  // The assertions come later; until then a rejection must not count as unhandled.
  result.catch(() => undefined);
  await sleep(500);
  return { result };
}

afterEach(() => {
  for (const compute of started.splice(0)) compute.kill();
});

describe('a compute process that was killed', () => {
  test('from outside is taken for a victim of the lack of memory', async () => {
    const compute = await start();
    const { result } = await runEndlessly(compute);
    process.kill(compute.pid, 'SIGKILL');
    const expected = { code: 'out_of_memory', message: expect.stringContaining('batch_size') };
    await expect(result).rejects.toMatchObject(expected);
    await expect(compute.stats()).rejects.toMatchObject(expected);
    await expect(compute.openSession(endlessModel(), { device: 'cpu' })).rejects.toMatchObject(
      expected,
    );
    expect(await compute.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('by a crash says by which signal', async () => {
    const compute = await start();
    const { result } = await runEndlessly(compute);
    process.kill(compute.pid, 'SIGSEGV');
    await expect(result).rejects.toMatchObject({
      code: 'compute_process_died',
      message: expect.stringContaining('SIGSEGV'),
      retryable: true,
    });
  });

  test('by abort in the middle of a run is gone at once', async () => {
    const controller = new AbortController();
    const compute = await start(controller.signal);
    const { result } = await runEndlessly(compute);
    controller.abort();
    await expect(result).rejects.toMatchObject({ code: 'canceled' });
    await compute.exited;
    expect(isRunning(compute.pid)).toBe(false);
  });

  test('can be killed and closed again', async () => {
    const compute = await start();
    compute.kill();
    compute.kill();
    await compute.close();
    await compute.close();
    await expect(compute.stats()).rejects.toMatchObject({ code: 'canceled' });
  });
});

describe('a compute process that is silent', () => {
  test('for too long while a call waits is killed, which is no lack of memory', async () => {
    const compute = await startComputeProcess({ stallMs: 3000 });
    started.push(compute);
    const { result } = await runEndlessly(compute);
    await expect(result).rejects.toMatchObject({
      code: 'compute_stalled',
      retryable: true,
      context: { stall_seconds: 3 },
    });
    await compute.exited;
    expect(isRunning(compute.pid)).toBe(false);
  });

  test('because nobody asks is left alone', async () => {
    const compute = await startComputeProcess({ stallMs: 3000 });
    started.push(compute);
    await sleep(3500);
    expect((await compute.stats()).rssBytes).toBeGreaterThan(0);
  });
});

test('a signal that is aborted already starts nothing', async () => {
  const starting = startComputeProcess({ signal: AbortSignal.abort() });
  await expect(starting).rejects.toMatchObject({ code: 'canceled' });
});

test('a signal that is aborted during the start stops it', async () => {
  const controller = new AbortController();
  const starting = startComputeProcess({ signal: controller.signal });
  controller.abort();
  await expect(starting).rejects.toMatchObject({ code: 'canceled' });
});

test('a process says what it computes with, and keeps TF32 off', async () => {
  process.env.NVIDIA_TF32_OVERRIDE = '1';
  const { runtime } = await start();
  delete process.env.NVIDIA_TF32_OVERRIDE;
  expect(runtime).toEqual({ onnxRuntime: expect.stringMatching(/^\d+\.\d+\.\d+$/), tf32: false });
});

test('a process that was closed is gone', async () => {
  const compute = await start();
  expect(isRunning(compute.pid)).toBe(true);
  await compute.close();
  expect(isRunning(compute.pid)).toBe(false);
});

test('a process counts its own memory, and its peak since the last reset', async () => {
  const ballast = Buffer.alloc(300_000_000, 1);
  const compute = await start();
  const idle = await compute.stats();
  expect(idle.peakRssBytes).toBeLessThan(ballast.length);
  const b = new GraphBuilder('large');
  const x = b.input('x', 'float32', [8192, 1]);
  const product = b.matMul(x, b.reshape(x, [1, 8192]));
  const session = await compute.openSession(encodeModel(b.build([b.reduceSum(product, [0, 1])])), {
    device: 'cpu',
  });
  await session.run({ x: { dtype: 'float32', shape: [8192, 1], data: new Float32Array(8192) } });
  const { peakRssBytes } = await compute.stats({ resetPeak: true });
  expect(peakRssBytes).toBeGreaterThan(idle.rssBytes + 0.9 * 4 * 8192 ** 2);
  // Only Linux can forget a peak.
  const forgotten = process.platform === 'linux' ? 100_000_000 : 0;
  expect((await compute.stats()).peakRssBytes).toBeLessThanOrEqual(peakRssBytes - forgotten);
});

describe('a process ends with its parent', () => {
  const parent = (body: string) => `
    import { startComputeProcess } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const compute = await startComputeProcess();
    ${body}
    console.log(compute.pid);
    setInterval(() => {}, 1000);`;

  const busy = `
    const session = await compute.openSession(
      Buffer.from(process.argv[1], 'base64'), { device: 'cpu', threads: 1 });
    const data = new Float32Array(${SIZE ** 2});
    void session.run({ x: { dtype: 'float32', shape: [${SIZE}, ${SIZE}], data } });
    await new Promise((resolve) => setTimeout(resolve, 500));`;

  test.each([
    ['idle', ''],
    ['in the middle of a run', busy],
  ])('%s', async (_, body) => {
    const model = Buffer.from(endlessModel()).toString('base64');
    const dying = spawn(process.execPath, ['--input-type=module', '-e', parent(body), model]);
    const pid = Number(await new Promise((resolve) => dying.stdout.once('data', resolve)));
    expect(isRunning(pid)).toBe(true);
    dying.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 300_000 }).toBe(false);
  });
});

/** Whether the process exists and is more than an entry that nobody has collected yet. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' ||
      !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch {
    return false;
  }
}
