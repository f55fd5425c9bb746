import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run, ScoreReport } from '@layersense/contracts';
import { root } from '../repository.js';
import { exitOf } from './child-exit.js';
import { type MemoryUse, watchMemory } from './watch-memory.js';

const cli = join(root, 'apps/cli/bin/layersense.js');

export interface TokenShape {
  readonly examples: number;
  readonly length: number;
  readonly vocabulary: number;
}

interface ScoreOptions {
  readonly examples: number;
  readonly threads: string;
  readonly flags?: readonly string[];
  readonly watched?: boolean;
}

export interface MeasuredReport extends ScoreReport {
  /** The peaks of the processes' memory, where they were watched. */
  readonly memory: MemoryUse | undefined;
}

/** Runs `layersense score` on token sequences that repeat nothing, and gives back the run's record. */
export async function runScore(
  folder: string,
  model: string,
  { length, vocabulary, ...options }: TokenShape & ScoreOptions,
): Promise<Run> {
  const { examples } = options;
  const tokens = writeTokens(folder, { examples, length, vocabulary });
  return (await score(folder, model, { tokens, ...options })).run;
}

/** @returns a file of `examples` sequences of `length` tokens */
export function writeTokens(folder: string, { examples, length, vocabulary }: TokenShape): string {
  const file = join(folder, `tokens-${examples}-${length}.jsonl`);
  const lines = Array.from({ length: examples }, (_, n) =>
    JSON.stringify({
      input_ids: Array.from({ length }, (_, t) => (t * 7919 + n * 104729) % vocabulary),
    }),
  );
  writeFileSync(file, lines.join('\n'));
  return file;
}

/**
 * Runs `layersense score` as a user would: its report and, where `watched`, the peaks of its processes'
 * memory. Watching takes time from what is watched.
 */
export async function score(
  folder: string,
  model: string,
  options: ScoreOptions & { readonly tokens: string },
): Promise<MeasuredReport> {
  const { tokens, examples, threads, flags = [], watched = false } = options;
  const out = join(folder, 'scores.json');
  const args = ['score', model, '--dataset', tokens, '--examples', String(examples)];
  const machine = ['--threads', threads, '--device', 'cpu', '--json', '--out', out];
  const child = spawn(process.execPath, [cli, ...args, ...machine, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const watch = watched && child.pid ? watchMemory(child.pid) : undefined;
  const code = await exitOf(child);
  const memory = watch?.stop();
  if (code !== 0) throw new Error(`layersense score failed:\n${stderr}`);
  return { ...JSON.parse(readFileSync(out, 'utf8')), memory };
}
