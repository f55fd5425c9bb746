import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchMemory } from './watch-memory.mjs';

const cli = fileURLToPath(new URL('../../apps/cli/bin/layersense.js', import.meta.url));

/** Runs `layersense score` on token sequences that repeat nothing, and gives back the run's record. */
export async function runScore(folder, model, { length, vocabulary, ...options }) {
  const { examples } = options;
  const tokens = writeTokens(folder, { examples, length, vocabulary });
  return (await score(folder, model, { tokens, ...options })).run;
}

/** @returns {string} a file of `examples` sequences of `length` tokens */
export function writeTokens(folder, { examples, length, vocabulary }) {
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
export async function score(folder, model, { tokens, examples, threads, flags = [], watched }) {
  const out = join(folder, 'scores.json');
  const args = ['score', model, '--dataset', tokens, '--examples', String(examples)];
  const machine = ['--threads', threads, '--device', 'cpu', '--json', '--out', out];
  const child = spawn(process.execPath, [cli, ...args, ...machine, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const watch = watched ? watchMemory(child.pid) : undefined;
  const code = await new Promise((resolve) => child.on('close', resolve));
  const memory = watch?.stop();
  if (code !== 0) throw new Error(`layersense score failed:\n${stderr}`);
  return { ...JSON.parse(readFileSync(out, 'utf8')), memory };
}
