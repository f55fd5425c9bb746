import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchMemory } from './watch-memory.mjs';

const loop = fileURLToPath(new URL('pytorch_loop.py', import.meta.url));

/** The version of torch, or undefined where the loop cannot run. */
export function torchVersion(python) {
  try {
    const print = 'import torch, transformers; print(torch.__version__)';
    return execFileSync(python, ['-c', print], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/** Runs `fisher` or `activations` of the loop; its report with the peaks of its memory. */
export async function pytorch(command, { python, folder, checkpoint, tokens, threads, dtype }) {
  const out = join(folder, `${command}-${dtype}.json`);
  const flags = ['--tokens', tokens, '--out', out, '--threads', threads, '--dtype', dtype];
  const child = spawn(python, [loop, command, checkpoint, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const watch = watchMemory(child.pid);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  const memory = watch.stop();
  if (code !== 0) throw new Error(`the PyTorch loop ended with ${code}`);
  return { ...JSON.parse(readFileSync(out, 'utf8')), memory };
}

/** The largest relative difference of two runs' squared norms, ours and the loop's or two loops'. */
export function largestError(values, exact) {
  return Math.max(
    ...Object.entries(values).flatMap(([parameter, norms]) =>
      norms.map((value, i) => {
        const expected = exact.gradient_squared_norms[parameter][i];
        return Math.abs(value - expected) / expected;
      }),
    ),
  );
}
