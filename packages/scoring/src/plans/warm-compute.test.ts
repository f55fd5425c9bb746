import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import type { Session } from '@layersense/runtime';
import { describe, expect, it } from 'vitest';
import { useWarmCompute } from '../test-support/use-warm-compute.js';
import type { JobCompute } from './warm-compute.js';

function doubling(name: string): Uint8Array {
  const g = new GraphBuilder(name);
  const x = g.input('x', 'float32', [2]);
  return encodeModel(g.build([g.add(x, x)]));
}

const model = doubling('a');
const options = { device: 'cpu', threads: 1 } as const;
const x = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 3) } as const;

const watched = useWarmCompute();
const { opened } = watched;

const start = (spareBytes = 1e9, signal = new AbortController().signal) =>
  watched.warm.start({ signal, spareBytes });

async function works(session: Session): Promise<void> {
  const { outputs } = await session.run({ x });
  expect(Object.values(outputs).map(({ data }) => [...data])).toEqual([[2, 6]]);
}

/** A job that does what the whole plan does. */
async function job(compute: JobCompute, weights = 'w', encoded = model): Promise<number> {
  await works(await compute.reuseSession(encoded, options, weights));
  await compute.close();
  return compute.pid;
}

describe.skipIf(process.platform !== 'linux')('from job to job', () => {
  it('keeps the process and the session of a graph', async () => {
    const first = await job(await start());
    expect(await job(await start())).toBe(first);
    expect(opened()).toBe(1);
  });

  it('opens another session for another graph, and for other weights', async () => {
    const first = await job(await start());
    expect(await job(await start(), 'w', doubling('b'))).toBe(first);
    expect(await job(await start(), 'changed')).toBe(first);
    expect(opened()).toBe(3);
  });

  it('keeps no session that was opened for one job, and no tensor', async () => {
    const compute = await start();
    const session = await compute.openSession(model, options);
    const [output = ''] = session.outputs;
    await session.run({ x }, { keep: { [output]: 'kept' } });
    await compute.close();
    const next = await start();
    expect(next.pid).toBe(compute.pid);
    await expect(session.run({ x })).rejects.toThrow('released');
    const again = await next.openSession(model, options);
    await expect(again.run({}, { stored: { x: 'kept' } })).rejects.toThrow('No tensor is stored');
    await next.close();
  });

  it('measures the peak of each job alone', async () => {
    const g = new GraphBuilder('large');
    const column = g.input('x', 'float32', [8192, 1]);
    const product = g.matMul(column, g.reshape(column, [1, 8192]));
    const large = encodeModel(g.build([g.reduceSum(product, [0, 1])]));
    const compute = await start();
    const session = await compute.openSession(large, options);
    await session.run({ x: { dtype: 'float32', shape: [8192, 1], data: new Float32Array(8192) } });
    const { peakRssBytes } = await compute.stats();
    await compute.close();
    const next = await start();
    await works(await next.reuseSession(model, options, 'w'));
    expect((await next.stats()).peakRssBytes).toBeLessThan(peakRssBytes - 100e6);
    await next.close();
  });
});

describe('a new process replaces one', () => {
  it('that is larger than the next job can spare', async () => {
    const first = await job(await start());
    expect(await job(await start(-1e9))).not.toBe(first);
  });

  it('that has died between two jobs', async () => {
    const compute = await start();
    const first = await job(compute);
    process.kill(first, 'SIGKILL');
    await compute.exited;
    expect(await job(await start())).not.toBe(first);
  });

  it('that has died in a job', async () => {
    const compute = await start();
    process.kill(compute.pid, 'SIGSEGV');
    await compute.exited;
    await expect(compute.openSession(model, options)).rejects.toMatchObject({
      code: 'compute_process_died',
    });
    await compute.close();
    expect(await job(await start())).not.toBe(compute.pid);
  });

  it('whose job was aborted', async () => {
    const controller = new AbortController();
    const compute = await start(1e9, controller.signal);
    controller.abort();
    await expect(compute.openSession(model, options)).rejects.toMatchObject({ code: 'canceled' });
    await compute.close();
    expect(await job(await start())).not.toBe(compute.pid);
  });
});

it('leaves the process alone when a job that has ended is aborted', async () => {
  const controller = new AbortController();
  const first = await job(await start(1e9, controller.signal));
  controller.abort();
  const next = await start();
  // Elsewhere it cannot be told what a process holds, and each job has its own.
  expect(next.pid).toEqual(process.platform === 'linux' ? first : expect.any(Number));
  await job(next);
});

it('leaves no process behind when it is stopped', async () => {
  const compute = await start();
  await job(compute);
  await watched.warm.stop();
  expect(await compute.exited).toMatchObject({ signal: 'SIGKILL' });
});
