// What a compute process gains that stays warm: jobs one after the other on the same model, each on
// other examples of the same length, with a new process for every job and with one for all.
//
//   npm run bench:warm -- [--folder DIR] [--threads 2] [--jobs 3]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { JobSpec } from '@layersense/contracts';
import { noFinishedBatches, runSensitivityJob, WarmCompute } from '@layersense/scoring';
import { type LlamaShape, writeRandomLlama } from './random-checkpoint.js';

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    threads: { type: 'string', default: '2' },
    jobs: { type: 'string', default: '3' },
  },
});
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-warm-'));
const EXAMPLES = 8;
const LENGTH = 128;

/** Seconds of one job. */
async function score(
  model: string,
  vocabulary: number,
  seed: number,
  compute?: WarmCompute,
): Promise<number> {
  const dataset = join(folder, 'tokens.jsonl');
  const lines = Array.from({ length: EXAMPLES }, (_, n) =>
    JSON.stringify({
      input_ids: Array.from(
        { length: LENGTH },
        (_, t) => (t * 7919 + (seed * EXAMPLES + n) * 104729) % vocabulary,
      ),
    }),
  );
  writeFileSync(dataset, lines.join('\n'));
  const params = { examples: EXAMPLES };
  const spec = JobSpec.parse({ model, method: 'fisher', dataset, device: 'cpu', params });
  const services = {
    allowedRoots: ['/'],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: folder, offline: true },
    report: () => undefined,
    finishedBatches: noFinishedBatches,
    threads: Number(options.threads),
    ...(compute && { compute }),
  };
  const { run } = await runSensitivityJob(spec, services, new AbortController().signal);
  return run.seconds ?? Number.NaN;
}

async function compare(name: string, shape: LlamaShape): Promise<void> {
  const model = join(folder, name.replaceAll(' ', '-'));
  writeRandomLlama(model, shape);
  const warm = new WarmCompute();
  // Hashes of the files are kept, and pages of the weights cached: the first job pays for both.
  await score(model, shape.vocabulary, 0, warm);
  const seconds: { readonly anew: number[]; readonly warm: number[] } = { anew: [], warm: [] };
  for (let job = 1; job <= Number(options.jobs); job++) {
    seconds.anew.push(await score(model, shape.vocabulary, 2 * job));
    seconds.warm.push(await score(model, shape.vocabulary, 2 * job + 1, warm));
  }
  await warm.stop();
  const [anew, kept] = [Math.min(...seconds.anew), Math.min(...seconds.warm)];
  console.log(
    `${name.padEnd(12)} a new process ${anew.toFixed(2)} s, a warm one ${kept.toFixed(2)} s: ` +
      `${(anew / kept).toFixed(2)} ×`,
  );
}

try {
  console.log(`${EXAMPLES} examples of ${LENGTH} tokens, the best of ${options.jobs} jobs`);
  const narrow = { width: 192, mlp: 512, heads: 4, keyValueHeads: 2, vocabulary: 4096, layers: 4 };
  await compare('3 M', narrow);
  const wide = { width: 768, mlp: 2048, heads: 12, keyValueHeads: 4, vocabulary: 8192, layers: 12 };
  await compare('82 M', wide);
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
