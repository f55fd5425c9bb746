// The reference work, side by side with its targets: a Llama of 81.8 M parameters in float32.
//
//   npm run bench -- [--python .venv/bin/python] [--lengths 128,512] [--examples 8] [--threads 2]
//                    [--repeats 3] [--plans auto,checkpointed,streamed] [--folder DIR] [--no-float64]
//
// With a Python that has torch, and transformers or not (scripts/python/README.md), the experiment's
// loop runs in turns with `layersense score`, and rows are ratios; without one these rows are left out. --folder
// keeps the checkpoint, of 327 MB, for the next run. Of speeds the best of all repeats counts, or the
// median where two graphs are compared; memory is read in runs of its own, since reading it takes time.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { graphSpeed } from './graph-speed.js';
import { magnitudeSpeed } from './magnitude-speed.js';
import {
  type LoopOptions,
  type LoopReport,
  largestError,
  pytorch,
  torchVersion,
} from './pytorch.js';
import { REFERENCE_SHAPE, writeRandomLlama } from './random-checkpoint.js';
import { type MeasuredReport, score, writeTokens } from './run-score.js';
import { atLeast, atMost, median, row } from './targets.js';
import type { MemoryUse } from './watch-memory.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    lengths: { type: 'string', default: '128,512' },
    examples: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    plans: { type: 'string', default: 'auto,checkpointed,streamed' },
    folder: { type: 'string' },
    'no-float64': { type: 'boolean', default: false },
  },
});

/** How much longer a graph with marginals may take than the same graph without. */
const MARGINALS = 0.3;

/** Of a length: how many times the loop's speed, what the norms may add, and the loop's memory. */
interface Target {
  readonly speed?: number;
  readonly norms?: number;
  readonly loopBytes?: number;
}

const targets: Readonly<Record<number, Target>> = {
  128: { speed: 2.3, norms: 0.15, loopBytes: 1.18e9 },
  512: { speed: 1.4, norms: 0.25, loopBytes: 1.45e9 },
};
/** Tokens of a batch on a CPU, as the plans cut them. */
const TOKENS_OF_A_BATCH = 256;

const examples = Number(options.examples);
const repeats = Number(options.repeats);
const { threads, python } = options;
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-bench-'));
const checkpoint = join(folder, 'llama-82m');
const torch = torchVersion(python);

try {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(checkpoint, 'config.json'))) writeRandomLlama(checkpoint, REFERENCE_SHAPE);
  console.log(`Llama, 81.8 M parameters, float32, ${threads} threads, ${cpus()[0]?.model}`);
  const loop = torch ? `PyTorch ${torch}` : `${python} has no torch: no loop`;
  console.log(`Node ${process.version}, ${loop}\n`);
  for (const length of options.lengths.split(',').map(Number)) await compare(length);
  await magnitude();
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** What the runs of one turn said; without torch there is no loop. */
interface Round {
  readonly loop: LoopReport | undefined;
  readonly activations: LoopReport | undefined;
  readonly short: MeasuredReport;
  readonly long: MeasuredReport;
}

async function compare(length: number): Promise<void> {
  const target = targets[length] ?? {};
  const { vocabulary } = REFERENCE_SHAPE;
  const few = writeTokens(folder, { examples, length, vocabulary });
  const many = writeTokens(folder, { examples: 2 * examples, length, vocabulary });
  const loopOn = async (
    command: 'fisher' | 'activations',
    how: Pick<LoopOptions, 'dtype' | 'watched'> = {},
  ): Promise<LoopReport | undefined> =>
    torch === undefined
      ? undefined
      : await pytorch(command, { python, folder, checkpoint, tokens: few, threads, ...how });
  const ours = (tokens: string, count: number, flags: readonly string[], watched = false) =>
    score(folder, checkpoint, { tokens, examples: count, threads, flags, watched });
  const plans = options.plans.split(',').map((plan) => ['--plan', plan]);
  const first = plans[0] ?? [];
  const rounds: Round[] = [];
  for (let i = 0; i < repeats; i++) {
    rounds.push({
      loop: await loopOn('fisher'),
      activations: await loopOn('activations'),
      short: await ours(few, examples, [...first, '--per-example']),
      long: await ours(many, 2 * examples, first),
    });
  }
  console.log(`T = ${length}`);
  const fastest = (of: (round: Round) => number): number => Math.min(...rounds.map(of));
  const seconds = fastest(({ short }) => secondsOf(short));
  // What a further example costs: start-up, hashing and session creation cancel out.
  const further = (fastest(({ long }) => secondsOf(long)) - seconds) / examples;
  const loop = torch && fastest(({ loop }) => Math.min(...(loop?.seconds_each ?? [])));
  if (loop) {
    row('PyTorch loop, per example', `${loop.toFixed(3)} s`);
    const only = fastest(({ activations }) => Math.min(...(activations?.seconds_each ?? [])));
    row('PyTorch, activation gradients only (no score)', `${only.toFixed(3)} s`);
  }
  row(`layersense score ${first.join(' ')}, each further example`, `${further.toFixed(3)} s`);
  row(`the same, all of ${examples} examples`, `${(seconds / examples).toFixed(3)} s`);
  if (loop) atLeast('speed against the loop', loop / further, target.speed ?? 1, '×');

  await graphRows(length, target);
  const loopMemory = (await loopOn('fisher', { watched: true }))?.memory;
  if (loopMemory) memoryRow('memory, PyTorch loop', loopMemory);
  const reference = loopMemory?.physical ?? target.loopBytes;
  for (const flags of plans) {
    const { memory } = await ours(few, examples, flags, true);
    if (memory) memoryRow(`memory, ${flags.join(' ')}`, memory, reference);
  }
  const exact = options['no-float64'] ? undefined : await loopOn('fisher', { dtype: 'float64' });
  const [round] = rounds;
  if (round?.loop && exact) errorRow(round.short, round.loop, exact);
  console.log();
}

function secondsOf({ run }: MeasuredReport): number {
  return run.seconds ?? Number.NaN;
}

async function graphRows(length: number, target: Target): Promise<void> {
  const batch = Math.max(1, Math.floor(TOKENS_OF_A_BATCH / length));
  const { vocabulary } = REFERENCE_SHAPE;
  const work = { batch, length, vocabulary, threads: Number(threads), repeats: 3 * repeats };
  const { withNorms, withMarginals, without, openSeconds } = await graphSpeed(checkpoint, work);
  const note = `${withNorms.toFixed(3)} s against ${without.toFixed(3)} s`;
  atMost('what the norms add to the graph', withNorms / without - 1, target.norms ?? 1, '%', note);
  const more = `${withMarginals.toFixed(3)} s against ${withNorms.toFixed(3)} s`;
  atMost('what marginals add to that', withMarginals / withNorms - 1, MARGINALS, '%', more);
  atMost('session creation', openSeconds, 2, 's');
}

/** All processes together; `reference` is the loop's peak. */
function memoryRow(
  name: string,
  { physical, anonymous, resident }: MemoryUse,
  reference?: number,
): void {
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  const note = `anonymous ${gigabytes(anonymous)}, RSS ${gigabytes(resident)}`;
  if (reference) atMost(name, physical, reference / 2, 'GB', note);
  else row(name, `${gigabytes(physical)} GB`, { note });
}

function errorRow({ run, scores }: MeasuredReport, loop: LoopReport, exact: LoopReport): void {
  const indices = run.dataset?.indices ?? [];
  const order = indices.map((_, i) => i).toSorted((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0));
  const values = Object.fromEntries(
    scores.map(({ parameter, per_example = [] }) => [
      parameter,
      order.map((i) => per_example[i] ?? Number.NaN),
    ]),
  );
  const reference = exact.gradient_squared_norms;
  const loopError = largestError(loop.gradient_squared_norms, reference);
  const note = `the loop's own: ${loopError.toExponential(1)}`;
  atMost('largest relative error against float64', largestError(values, reference), 1e-4, '', note);
}

async function magnitude(): Promise<void> {
  console.log('magnitude, 327 MB');
  const { warm, cold } = await magnitudeSpeed(checkpoint, 2 * repeats + 1);
  for (const [name, runs] of Object.entries({ 'from the page cache': warm, 'from disk': cold })) {
    if (runs.length === 0) continue;
    const [read, all] = [median(runs.map((r) => r.read)), median(runs.map((r) => r.magnitude))];
    const note = `${all.toFixed(3)} s against ${read.toFixed(3)} s`;
    atMost(`all weights, ${name}, against reading`, all / read, 1.5, '×', note);
  }
}
