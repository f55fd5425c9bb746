import { execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.js';
import { exitOf } from './child-exit.js';
import { type MemoryUse, watchMemory } from './watch-memory.js';

const loop = join(root, 'tools/bench/pytorch_loop.py');

export type Norms = Readonly<Record<string, readonly number[]>>;

/** What pytorch_loop.py writes; norms by parameter and example, of `fisher` alone. */
export interface LoopReport {
  readonly seconds_each: readonly number[];
  readonly gradient_squared_norms: Norms;
  /** The peaks of its memory, where it was watched. */
  readonly memory: MemoryUse | undefined;
}

export interface LoopOptions {
  readonly python: string;
  readonly folder: string;
  readonly checkpoint: string;
  readonly tokens: string;
  readonly threads: string;
  readonly dtype?: 'float32' | 'float64';
  readonly watched?: boolean;
}

/** torch's version and whose model the loop runs; undefined where there is no torch. */
export function torchVersion(python: string): string | undefined {
  try {
    const version = printedBy(python, 'import torch; print(torch.__version__)');
    return `${version}, ${modelOf(python)}`;
  } catch {
    return undefined;
  }
}

function modelOf(python: string): string {
  try {
    return `transformers ${printedBy(python, 'import transformers; print(transformers.__version__)')}`;
  } catch {
    return 'pytorch_llama.py for want of transformers';
  }
}

function printedBy(python: string, program: string): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  return execFileSync(python, ['-c', program], { stdio }).toString().trim();
}

/** Runs `fisher` or `activations` of the loop; its report and, where `watched`, its memory's peaks. */
export async function pytorch(
  command: 'fisher' | 'activations',
  options: LoopOptions,
): Promise<LoopReport> {
  const { python, folder, checkpoint, tokens, threads, dtype = 'float32', watched } = options;
  const out = join(folder, `${command}-${dtype}.json`);
  const flags = ['--tokens', tokens, '--out', out, '--threads', threads, '--dtype', dtype];
  const child = spawn(python, [loop, command, checkpoint, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const watch = watched && child.pid ? watchMemory(child.pid) : undefined;
  const code = await exitOf(child);
  const memory = watch?.stop();
  if (code !== 0) throw new Error(`the PyTorch loop ended with ${code}`);
  return { ...JSON.parse(readFileSync(out, 'utf8')), memory };
}

/** The largest relative difference of two runs' squared norms, ours and the loop's or two loops'. */
export function largestError(values: Norms, exact: Norms): number {
  return Math.max(
    ...Object.entries(values).flatMap(([parameter, norms]) =>
      norms.map((value, i) => {
        const expected = exact[parameter]?.[i] ?? Number.NaN;
        return Math.abs(value - expected) / expected;
      }),
    ),
  );
}
