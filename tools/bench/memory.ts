// Peak memory of the plans, on Llamas of random weights.
//
//   npm run bench:memory -- [--folder DIR] [--threads 2]
//
// 1. The streamed plan on 6 and on 24 layers of the same width: the peak must not follow the depth.
//    What follows it are the tensors between the segments, which are subtracted: one of width × tokens
//    per segment and example.
// 2. A model whose weights exceed the limit it is given.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type LlamaShape, writeRandomLlama } from './random-checkpoint.js';
import { runScore } from './run-score.js';

const { values: options } = parseArgs({
  options: { folder: { type: 'string' }, threads: { type: 'string', default: '2' } },
});
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'layersense-memory-'));
const EXAMPLES = 4;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

try {
  const narrow = { width: 512, mlp: 1536, heads: 8, keyValueHeads: 4, vocabulary: 4096 };
  const peakOfStreamed = async (layers: number): Promise<number> => {
    const model = { name: `${layers} layers`, ...narrow, layers };
    for (const plan of ['whole', 'checkpointed']) await measure(model, 256, ['--plan', plan]);
    return await measure(model, 256, ['--plan', 'streamed']);
  };
  const [few, many] = [await peakOfStreamed(6), await peakOfStreamed(24)];
  const boundaries = 18 * EXAMPLES * 256 * narrow.width * 4;
  const ratio = (many - boundaries) / few;
  console.log(`streamed, 24 layers against 6: ${ratio.toFixed(3)} × the peak, boundaries aside\n`);

  const large = { width: 2048, mlp: 6144, heads: 16, keyValueHeads: 8, vocabulary: 8192 };
  await measure({ name: '2 GB of weights', ...large, layers: 10 }, 64, ['--memory-limit', '1GiB']);
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** The peak, which the run records. */
async function measure(
  { name, ...shape }: LlamaShape & { readonly name: string },
  length: number,
  flags: readonly string[],
): Promise<number> {
  const model = join(folder, name.replaceAll(' ', '-'));
  const weights = writeRandomLlama(model, shape);
  const { vocabulary } = shape;
  const { threads } = options;
  const run = await runScore(folder, model, {
    examples: EXAMPLES,
    length,
    vocabulary,
    threads,
    flags,
  });
  const peak = run.peak_memory_bytes ?? Number.NaN;
  const estimated = run.estimated_memory_bytes ?? Number.NaN;
  console.log(
    `${name.padEnd(16)} T=${length} ${megabytes(weights).padStart(8)} of weights, ${(run.plan ?? '').padEnd(13)}` +
      `peak ${megabytes(peak).padStart(8)}, estimated ${megabytes(estimated).padStart(8)}, ` +
      `${run.seconds?.toFixed(1)} s`,
  );
  return peak;
}
