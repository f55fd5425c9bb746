// Where the time of the whole plan's graph goes, by operator, on the reference work of `npm run bench`.
//
//   npm run bench:profile -- [--length 128] [--batch 2] [--threads 2] [--repeats 5] [--folder DIR]
//                            [--shapes Gemm]
//
// --shapes lists one operator's time by the shapes of its inputs instead. Profiling itself takes time.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import { startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { feedsOf, openOnCpu } from './graph-speed.js';
import { REFERENCE_SHAPE, writeRandomLlama } from './random-checkpoint.js';

const { values: options } = parseArgs({
  options: {
    length: { type: 'string', default: '128' },
    batch: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '5' },
    folder: { type: 'string' },
    shapes: { type: 'string' },
  },
});
const length = Number(options.length);
const batch = Number(options.batch);
const threads = Number(options.threads);
const repeats = Number(options.repeats);
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-profile-'));
const profiles = mkdtempSync(join(tmpdir(), 'layersense-profile-'));

try {
  mkdirSync(folder, { recursive: true });
  const model = join(folder, 'llama-82m');
  if (!existsSync(join(model, 'config.json'))) writeRandomLlama(model, REFERENCE_SHAPE);
  const seconds = await run(model);
  const kernels = readProfile();
  print(kernels, seconds);
} finally {
  rmSync(profiles, { recursive: true, force: true });
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** @returns seconds per example of the fastest run */
async function run(model: string): Promise<number> {
  const checkpoint = await openCheckpoint(model);
  const { config, tensors } = checkpoint;
  const forward = buildForward(parseModel(config), tensors, { batch, length });
  const { graph } = buildSensitivityGraph(forward, { labels: 'data' });
  const compute = await startComputeProcess();
  try {
    const profilePrefix = join(profiles, 'run');
    const bytes = encodeModel(graph);
    const session = await openOnCpu(compute, bytes, { checkpoint, threads, profilePrefix });
    const given = feedsOf(session, { batch, length, vocabulary: REFERENCE_SHAPE.vocabulary });
    const seconds: number[] = [];
    for (let i = 0; i < repeats; i++) seconds.push((await session.run(given)).seconds / batch);
    await session.endProfiling();
    return Math.min(...seconds);
  } finally {
    await compute.close();
  }
}

type Shapes = readonly Readonly<Record<string, readonly number[]>>[];

/** One event of ONNX Runtime's profile. */
interface Kernel {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: {
    readonly op_name: string;
    readonly input_type_shape: Shapes;
    readonly output_type_shape: Shapes;
  };
}

function readProfile(): readonly Kernel[] {
  const [file = 'no profile was written'] = readdirSync(profiles);
  const events = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as readonly Kernel[];
  return events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
}

function print(kernels: readonly Kernel[], seconds: number): void {
  const { shapes } = options;
  const wanted = kernels.filter(({ args }) => shapes === undefined || args.op_name === shapes);
  const sums = new Map<string, { readonly time: number; readonly count: number }>();
  for (const { args, dur } of wanted) {
    const key = shapes === undefined ? args.op_name : shapesOf(args);
    const { time = 0, count = 0 } = sums.get(key) ?? {};
    sums.set(key, { time: time + dur, count: count + 1 });
  }
  const total = kernels.reduce((sum, { dur }) => sum + dur, 0);
  const milliseconds = (microseconds: number): string =>
    (microseconds / 1000 / repeats / batch).toFixed(1);
  console.log(`T = ${length}, batches of ${batch}, ${threads} threads: ms per example`);
  for (const [key, { time, count }] of [...sums].sort(([, a], [, b]) => b.time - a.time)) {
    const share = `${((100 * time) / total).toFixed(1)} %`;
    if (time < total / 200) continue;
    const columns = [milliseconds(time).padStart(9), share.padStart(8), count / repeats];
    console.log(`${key.padEnd(shapes === undefined ? 32 : 60)}${columns.join('  ')}`);
  }
  console.log(`all kernels ${milliseconds(total)}, fastest run ${(1000 * seconds).toFixed(1)}`);
}

function shapesOf({
  input_type_shape: inputs,
  output_type_shape: outputs,
}: Kernel['args']): string {
  const each = (values: Shapes): string =>
    values.map((value) => JSON.stringify(Object.values(value)[0])).join(' ');
  return `${each(inputs)} → ${each(outputs)}`;
}
