// What measuring a format costs, against one magnitude pass over the same weights, side by side.
//
//   npm run bench:formats -- [--formats int4_g32,int8_channel,…] [--repeats 3] [--threads 2] [--small]
//                            [--folder DIR]
//
// A Llama of 494 M parameters in float32 (2 GB below --folder, or below the temporary folder and removed
// again); --small takes the reference work of 81.8 M. A pass is timed from when the first matrix is read until
// the last score is there; of repeats in turns the best counts. Formats whose scales are given by a formula may
// take three magnitude passes each.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { JobSpec } from '@layersense/contracts';
import { formats as known, parseFormat } from '@layersense/formats';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { noFinishedBatches, runSensitivityJob } from '@layersense/scoring';
import { type LlamaShape, REFERENCE_SHAPE, writeRandomLlama } from './random-checkpoint.js';
import { atMost, row } from './targets.js';

const { values: options } = parseArgs({
  options: {
    formats: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    small: { type: 'boolean', default: false },
    folder: { type: 'string' },
  },
});

/** That of Qwen2.5-0.5B. */
const LARGE_SHAPE: LlamaShape = {
  layers: 24,
  width: 896,
  mlp: 4864,
  heads: 14,
  keyValueHeads: 2,
  vocabulary: 151_936,
};
/** One of each way of rounding, as far as there is one. */
const USUAL = [
  'int4_g32',
  'int3_g32_asym',
  'int8_channel',
  'fp8_e4m3_channel',
  'mxfp4',
  'nvfp4',
  'nf4',
];

const names = options.formats?.split(',') ?? USUAL.filter((name) => known.has(name));
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-formats-'));
const model = join(folder, options.small ? 'llama-82m' : 'llama-494m');
const jobs: readonly Readonly<Record<string, unknown>>[] = [
  { method: 'magnitude' },
  ...names.map((name) => ({ method: 'format_error', params: { formats: [name] } })),
  ...(names.length > 1 ? [{ method: 'format_error', params: { formats: names } }] : []),
];

try {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(model, 'config.json'))) {
    writeRandomLlama(model, options.small ? REFERENCE_SHAPE : LARGE_SHAPE);
  }
  const best = jobs.map(() => Number.POSITIVE_INFINITY);
  for (let i = 0; i < Number(options.repeats); i++) {
    for (const [j, job] of jobs.entries()) {
      best[j] = Math.min(best[j] ?? Number.POSITIVE_INFINITY, await secondsOf(job));
    }
  }
  const [magnitude = Number.NaN, ...measured] = best;
  console.log(`Node ${process.version}, ${options.threads} threads, ${cpus()[0]?.model}\n`);
  row('one magnitude pass', `${magnitude.toFixed(2)} s`);
  names.forEach((name, i) => {
    const seconds = measured[i] ?? Number.NaN;
    const note = `${seconds.toFixed(2)} s`;
    const ratio = seconds / magnitude;
    if (parseFormat(name).searched) row(`${name}, searched`, `${ratio.toFixed(1)} ×`, { note });
    else atMost(name, ratio, 3, '×', note);
  });
  const all = measured[names.length];
  if (all !== undefined) {
    const note = `${all.toFixed(2)} s together`;
    row(
      `each of the ${names.length} in one job`,
      `${(all / names.length / magnitude).toFixed(2)} ×`,
      { note },
    );
  }
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** From the first matrix to the last score: the hash of the files, which every job begins with, is left out. */
async function secondsOf(request: Readonly<Record<string, unknown>>): Promise<number> {
  let [begun, ended] = [Number.NaN, Number.NaN];
  await runSensitivityJob(
    JobSpec.parse({ model, ...request }),
    {
      allowedRoots: ['/'],
      hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: folder }),
      finishedBatches: noFinishedBatches,
      threads: Number(options.threads),
      report: ({ phase, done }) => {
        if (phase === 'computing' && done === 0) begun = performance.now();
        if (phase === 'saving') ended = performance.now();
      },
    },
    new AbortController().signal,
  );
  return (ended - begun) / 1000;
}
