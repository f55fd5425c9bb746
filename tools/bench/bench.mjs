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
import { graphSpeed } from './graph-speed.mjs';
import { magnitudeSpeed } from './magnitude-speed.mjs';
import { largestError, pytorch, torchVersion } from './pytorch.mjs';
import { REFERENCE_SHAPE, writeRandomLlama } from './random-checkpoint.mjs';
import { score, writeTokens } from './run-score.mjs';
import { atLeast, atMost, median, row } from './targets.mjs';

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

/** Of a length: how many times the loop's speed, what the norms may add, and the loop's memory. */
const targets = {
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

async function compare(length) {
  const target = targets[length] ?? {};
  const { vocabulary } = REFERENCE_SHAPE;
  const few = writeTokens(folder, { examples, length, vocabulary });
  const many = writeTokens(folder, { examples: 2 * examples, length, vocabulary });
  const loopOn = (command, how = {}) =>
    pytorch(command, { python, folder, checkpoint, tokens: few, threads, ...how });
  const ours = (tokens, count, flags, watched = false) =>
    score(folder, checkpoint, { tokens, examples: count, threads, flags, watched });
  const plans = options.plans.split(',').map((plan) => ['--plan', plan]);
  const [first] = plans;
  const rounds = [];
  for (let i = 0; i < repeats; i++) {
    rounds.push({
      ...(torch && { loop: await loopOn('fisher'), activations: await loopOn('activations') }),
      short: await ours(few, examples, [...first, '--per-example']),
      long: await ours(many, 2 * examples, first),
    });
  }
  console.log(`T = ${length}`);
  const fastest = (of) => Math.min(...rounds.map(of));
  const seconds = fastest(({ short }) => short.run.seconds);
  // What a further example costs: start-up, hashing and session creation cancel out.
  const further = (fastest(({ long }) => long.run.seconds) - seconds) / examples;
  const loop = torch && fastest((round) => Math.min(...round.loop.seconds_each));
  if (loop) {
    row('PyTorch loop, per example', `${loop.toFixed(3)} s`);
    const only = fastest((round) => Math.min(...round.activations.seconds_each));
    row('PyTorch, activation gradients only (no score)', `${only.toFixed(3)} s`);
  }
  row(`layersense score ${first.join(' ')}, each further example`, `${further.toFixed(3)} s`);
  row(`the same, all of ${examples} examples`, `${(seconds / examples).toFixed(3)} s`);
  if (loop) atLeast('speed against the loop', loop / further, target.speed ?? 1, '×');

  await graphRows(length, target);
  const watchedLoop = torch && (await loopOn('fisher', { watched: true }));
  if (watchedLoop) memoryRow('memory, PyTorch loop', watchedLoop.memory);
  const reference = watchedLoop ? watchedLoop.memory.physical : target.loopBytes;
  for (const flags of plans) {
    const { memory } = await ours(few, examples, flags, true);
    memoryRow(`memory, ${flags.join(' ')}`, memory, reference);
  }
  if (torch && !options['no-float64'])
    errorRow(rounds, await loopOn('fisher', { dtype: 'float64' }));
  console.log();
}

async function graphRows(length, target) {
  const batch = Math.max(1, Math.floor(TOKENS_OF_A_BATCH / length));
  const work = { batch, length, threads: Number(threads), repeats: 3 * repeats };
  const { withNorms, without, openSeconds } = await graphSpeed(checkpoint, work);
  const note = `${withNorms.toFixed(3)} s against ${without.toFixed(3)} s`;
  atMost('what the norms add to the graph', withNorms / without - 1, target.norms ?? 1, '%', note);
  atMost('session creation', openSeconds, 2, 's');
}

/** All processes together; `reference` is the loop's peak. */
function memoryRow(name, { physical, anonymous, resident }, reference) {
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(2);
  const note = `anonymous ${gigabytes(anonymous)}, RSS ${gigabytes(resident)}`;
  if (reference) atMost(name, physical, reference / 2, 'GB', note);
  else row(name, `${gigabytes(physical)} GB`, { note });
}

function errorRow(rounds, exact) {
  const { run, scores } = rounds[0].short;
  const values = Object.fromEntries(
    scores.map(({ parameter, per_example }) => {
      const drawn = run.dataset.indices.map((example, i) => [example, per_example[i]]);
      return [parameter, drawn.toSorted(([a], [b]) => a - b).map(([, value]) => value)];
    }),
  );
  const loopError = largestError(rounds[0].loop.gradient_squared_norms, exact);
  const note = `the loop's own: ${loopError.toExponential(1)}`;
  atMost('largest relative error against float64', largestError(values, exact), 1e-4, '', note);
}

async function magnitude() {
  console.log('magnitude, 327 MB');
  const { warm, cold } = await magnitudeSpeed(checkpoint, 2 * repeats + 1);
  for (const [name, runs] of Object.entries({ 'from the page cache': warm, 'from disk': cold })) {
    if (runs.length === 0) continue;
    const [read, all] = [median(runs.map((r) => r.read)), median(runs.map((r) => r.magnitude))];
    const note = `${all.toFixed(3)} s against ${read.toFixed(3)} s`;
    atMost(`all weights, ${name}, against reading`, all / read, 1.5, '×', note);
  }
}
