/**
 * npm run check:gpu -- [--devices webgpu,cuda,cpu] [--out docs/measurements] [--pack FOLDER]
 *
 * Computes the parity fixtures and a bench on whatever GPU this machine has, through WebGPU and,
 * where its provider is installed, CUDA; prints a table and writes it to <out>/gpu-<date>.md. Ends
 * with 0 where there is no GPU, and with 1 where a number is off.
 *
 * --pack copies what this needs, and nothing else, into a folder: on a machine that has neither npm
 * nor this repository, `node FOLDER/tools/dist/check-gpu/main.js` does the same. Node.js itself is not in it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Device } from '@layersense/runtime';
import { root } from '../repository.js';
import { checkGpu } from './check-gpu.js';
import { passes, renderGpuReport } from './gpu-report.js';
import { packCheckGpu } from './pack-check-gpu.js';

const devices: readonly Device[] = ['webgpu', 'cuda', 'cpu'];

const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: 'webgpu,cuda,cpu' },
    out: { type: 'string', default: join(root, 'docs/measurements') },
    pack: { type: 'string' },
  },
});

if (options.pack === undefined) await check();
else console.log(`${packCheckGpu(root, options.pack)} packages and the fixtures: ${options.pack}`);

/** @throws Error that names the devices that there are */
function deviceOf(name: string): Device {
  const device = devices.find((each) => each === name);
  if (device !== undefined) return device;
  throw new Error(`--devices takes ${devices.join(', ')}, not '${name}'.`);
}

async function check(): Promise<void> {
  const given = process.argv.slice(2);
  const command = ['npm run check:gpu', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  const report = await checkGpu(options.devices.split(',').map(deviceOf), command, (line) =>
    console.log(line),
  );
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
