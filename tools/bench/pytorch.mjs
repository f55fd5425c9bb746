import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchMemory } from './watch-memory.mjs';

const loop = fileURLToPath(new URL('pytorch_loop.py', import.meta.url));

/** torch's version and whose model the loop runs; undefined where there is no torch. */
export function torchVersion(python) {
  try {
    const version = printedBy(python, 'import torch; print(torch.__version__)');
    return `${version}, ${modelOf(python)}`;
  } catch {
    return undefined;
  }
}

function modelOf(python) {
  try {
    return `transformers ${printedBy(python, 'import transformers; print(transformers.__version__)')}`;
  } catch {
    return 'pytorch_llama.py for want of transformers';
  }
}

function printedBy(python, program) {
  const silent = { stdio: ['ignore', 'pipe', 'ignore'] };
  return execFileSync(python, ['-c', program], silent).toString().trim();
}

/** Runs `fisher` or `activations` of the loop; its report and, where `watched`, its memory's peaks. */
export async function pytorch(command, options) {
  const { python, folder, checkpoint, tokens, threads, dtype = 'float32', watched } = options;
  const out = join(folder, `${command}-${dtype}.json`);
  const flags = ['--tokens', tokens, '--out', out, '--threads', threads, '--dtype', dtype];
  const child = spawn(python, [loop, command, checkpoint, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const watch = watched ? watchMemory(child.pid) : undefined;
  const code = await new Promise((resolve) => child.on('exit', resolve));
  const memory = watch?.stop();
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
