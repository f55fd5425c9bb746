/**
 * npm run check:gpu -- [--devices webgpu,cuda,cpu] [--out docs/measurements] [--pack FOLDER]
 *
 * Computes the parity fixtures and a bench on whatever GPU this machine has, through WebGPU and,
 * where its provider is installed, CUDA; prints a table and writes it to <out>/gpu-<date>.md. Ends
 * with 0 where there is no GPU, and with 1 where a number is off.
 *
 * --pack copies what this needs, and nothing else, into a folder: on a machine that has neither npm
 * nor this repository, `node FOLDER/tools/check-gpu/main.mjs` does the same. Node.js itself is not in it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packCheckGpu } from './pack-check-gpu.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: 'webgpu,cuda,cpu' },
    out: { type: 'string', default: join(root, 'docs/measurements') },
    pack: { type: 'string' },
  },
});

if (options.pack === undefined) await check();
else console.log(`${packCheckGpu(root, options.pack)} packages and the fixtures: ${options.pack}`);

async function check() {
  const { checkGpu, passes, renderGpuReport } = await import('../dist/check-gpu/index.js');
  const given = process.argv.slice(2);
  const command = ['npm run check:gpu', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  const report = await checkGpu(options.devices.split(','), command, (line) => console.log(line));
  if (report.checks.length === 0) {
    for (const [device, reason] of report.unavailable) console.log(`${device}: ${reason}`);
    console.log('No GPU to check on this machine; nothing was measured.');
    return;
  }
  const page = renderGpuReport(report);
  mkdirSync(options.out, { recursive: true });
  const file = join(options.out, `gpu-${report.date}.md`);
  writeFileSync(file, page);
  console.log(`\n${page}\n${file}`);
  if (!report.checks.every(passes)) process.exitCode = 1;
}
