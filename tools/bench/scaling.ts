// How time and memory grow with examples, length, layers and vocabulary, on Llamas of random weights.
//
//   npm run bench:scaling -- [--folder DIR] [--threads 2] [--repeats 2]
//
// Every row changes one thing. `growth` is the exponent of time between the row and the one before:
// 1 is linear. Time is what the run records, start-up of the compute process and sessions included.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Run } from '@layersense/contracts';
import { writeRandomLlama } from './random-checkpoint.js';
import { runScore } from './run-score.js';

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '2' },
  },
});
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-scaling-'));
const shape = { width: 512, mlp: 1536, heads: 8, keyValueHeads: 4 };
const base = { layers: 6, vocabulary: 4096, examples: 16, length: 128 };
const series: { readonly [Name in keyof typeof base]: readonly number[] } = {
  examples: [16, 32, 64],
  length: [128, 256, 512],
  layers: [6, 12, 24],
  vocabulary: [4096, 32_768, 131_072],
};

try {
  for (const [name, values] of Object.entries(series)) {
    let before: { readonly value: number; readonly time: number } | undefined;
    for (const value of values) {
      const row = { ...base, [name]: value };
      const seconds = await measure(row);
      const growth = before
        ? Math.log(seconds.time / before.time) / Math.log(value / before.value)
        : undefined;
      console.log(
        `${name.padEnd(11)}${String(value).padStart(7)}${seconds.time.toFixed(2).padStart(9)} s` +
          `${(seconds.peak / 1e6).toFixed(0).padStart(7)} MB` +
          `${growth === undefined ? '' : `   growth ${growth.toFixed(2)}`}`,
      );
      before = { value, time: seconds.time };
    }
    console.log();
  }
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

async function measure({ layers, vocabulary, examples, length }: typeof base) {
  const model = join(folder, `llama-${layers}-${vocabulary}`);
  writeRandomLlama(model, { ...shape, layers, vocabulary });
  const { threads } = options;
  const runs: Run[] = [];
  for (let i = 0; i < Number(options.repeats); i++) {
    const flags = ['--plan', 'whole'];
    runs.push(await runScore(folder, model, { examples, length, vocabulary, threads, flags }));
  }
  return {
    time: Math.min(...runs.map((run) => run.seconds ?? Number.NaN)),
    peak: Math.max(...runs.map((run) => run.peak_memory_bytes ?? Number.NaN)),
  };
}
