// The experiment's PyTorch loop against `layersense score`, side by side in one run.
//
//   npm run bench -- [--python .venv/bin/python] [--lengths 128,512] [--examples 8] [--threads 2]
//                    [--repeats 2] [--plan auto] [--folder DIR] [--no-float64]
//
// Python needs torch and transformers (scripts/python/README.md). --folder keeps the checkpoint, of
// 327 MB, for the next run. Each measurement is repeated, the two sides in turns, and the best one
// counts: whatever else runs on the machine only ever adds time.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    lengths: { type: 'string', default: '128,512' },
    examples: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '2' },
    plan: { type: 'string', default: 'auto' },
    folder: { type: 'string' },
    'no-float64': { type: 'boolean', default: false },
  },
});

const examples = Number(options.examples);
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-bench-'));
const checkpoint = join(folder, 'llama-82m');
const loop = join(root, 'bench/pytorch_loop.py');
const python = (...args) => execFileSync(options.python, [loop, ...args.map(String)]);
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

try {
  assertTorch();
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(checkpoint, 'config.json'))) python('make-checkpoint', checkpoint);
  console.log(`Llama, 81.8 M parameters, float32, ${options.threads} threads, ${cpus()[0]?.model}`);
  console.log('seconds per example; peak resident memory of all processes\n');
  for (const length of options.lengths.split(',').map(Number)) await compare(length);
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

async function compare(length) {
  const few = tokens(length, examples);
  const many = tokens(length, 2 * examples);
  const rounds = [];
  for (let i = 0; i < Number(options.repeats); i++) {
    rounds.push({
      reference: pytorch('fisher', few, 'float32'),
      activations: pytorch('activations', few, 'float32'),
      short: await layersense(few, examples),
      long: await layersense(many, 2 * examples),
    });
  }
  const reference = best(rounds.map((round) => round.reference));
  const activations = best(rounds.map((round) => round.activations));
  const short = fastest(rounds.map((round) => round.short));
  const long = fastest(rounds.map((round) => round.long));
  // What a further example costs: start-up, hashing and session creation cancel out.
  const marginal = (long.seconds - short.seconds) / examples;

  const row = (name, seconds, bytes) =>
    console.log(
      `T=${String(length).padEnd(5)}${name.padEnd(44)}${seconds.toFixed(3).padStart(8)} s` +
        `${(bytes / 1e9).toFixed(2).padStart(8)} GB` +
        `${(reference.seconds_per_example / seconds).toFixed(2).padStart(8)} ×`,
    );
  row('PyTorch loop', reference.seconds_per_example, reference.peak_rss_bytes);
  row(
    'PyTorch, activation gradients only (no score)',
    activations.seconds_per_example,
    activations.peak_rss_bytes,
  );
  row('layersense score, each further example', marginal, long.peakBytes);
  row(`layersense score, all of ${examples} examples`, short.seconds / examples, short.peakBytes);
  const memory = long.peakBytes / reference.peak_rss_bytes;
  console.log(`T=${length}: memory ${memory.toFixed(2)} × the loop's`);
  if (!options['no-float64']) {
    const exact = pytorch('fisher', few, 'float64');
    console.log(
      `T=${length}: largest relative error of a squared norm against PyTorch float64: ` +
        `${largestError(short.report, exact).toExponential(1)} (PyTorch float32: ` +
        `${largestLoopError(reference, exact).toExponential(1)})`,
    );
  }
  console.log();
}

/** The loop's fastest example of all rounds stands for each of them. */
function best(runs) {
  const seconds = Math.min(...runs.flatMap((run) => run.seconds_each));
  return { ...runs[0], seconds_per_example: seconds };
}

function fastest(runs) {
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

function tokens(length, count) {
  const file = join(folder, `tokens-${length}-${count}.jsonl`);
  python('make-tokens', file, '--examples', count, '--length', length);
  return file;
}

function pytorch(command, tokenFile, dtype) {
  const out = join(folder, `${command}-${dtype}.json`);
  const flags = ['--tokens', tokenFile, '--out', out, '--threads', options.threads];
  python(command, checkpoint, ...flags, '--dtype', dtype);
  return readJson(out);
}

/** Runs the command-line tool as a user would, watching the memory of its own process. */
async function layersense(tokenFile, count) {
  const out = join(folder, 'scores.json');
  const child = spawn(
    process.execPath,
    [
      join(root, 'apps/cli/bin/layersense.js'),
      ...['score', checkpoint, '--method', 'fisher', '--dataset', tokenFile],
      ...['--examples', String(count), '--threads', options.threads, '--device', 'cpu'],
      ...['--plan', options.plan, '--json', '--per-example', '--out', out],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  let parentPeak = 0;
  const watch = setInterval(() => {
    parentPeak = Math.max(parentPeak, highWaterMark(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`layersense score failed:\n${stderr}`);
  const report = readJson(out);
  return {
    report,
    seconds: report.run.seconds,
    // The record holds the compute process's peak and this process's memory at the end.
    peakBytes: Math.max(report.run.peak_memory_bytes, parentPeak),
  };
}

/** VmHWM of a process in bytes; 0 where /proc does not tell. */
function highWaterMark(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function largestError({ run, scores }, exact) {
  return Math.max(
    ...scores.flatMap(({ parameter, per_example }) =>
      per_example.map((value, i) =>
        relativeError(value, exact.gradient_squared_norms[parameter][run.dataset.indices[i]]),
      ),
    ),
  );
}

function largestLoopError(loopRun, exact) {
  return Math.max(
    ...Object.entries(loopRun.gradient_squared_norms).flatMap(([parameter, values]) =>
      values.map((value, i) => relativeError(value, exact.gradient_squared_norms[parameter][i])),
    ),
  );
}

function relativeError(value, expected) {
  return Math.abs(value - expected) / expected;
}

function assertTorch() {
  try {
    execFileSync(options.python, ['-c', 'import torch, transformers'], { stdio: 'ignore' });
  } catch {
    console.error(
      `${options.python} cannot import torch and transformers. Make a virtual environment as ` +
        'scripts/python/README.md says and name it: npm run bench -- --python .venv/bin/python',
    );
    process.exit(2);
  }
}
