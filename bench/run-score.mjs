import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../apps/cli/bin/layersense.js', import.meta.url));

/**
 * Runs `layersense score` on token sequences that repeat nothing, and gives back the run's record.
 * @param {string} folder for the token and the score file
 */
export function runScore(folder, model, { examples, length, vocabulary, threads, flags = [] }) {
  const tokens = join(folder, 'tokens.jsonl');
  const lines = Array.from({ length: examples }, (_, n) =>
    JSON.stringify({
      input_ids: Array.from({ length }, (_, t) => (t * 7919 + n * 104729) % vocabulary),
    }),
  );
  writeFileSync(tokens, lines.join('\n'));
  const out = join(folder, 'scores.json');
  const args = ['score', model, '--dataset', tokens, '--examples', String(examples)];
  const machine = ['--threads', threads, '--device', 'cpu', '--json', '--out', out];
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args, ...machine, ...flags], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(readFileSync(out, 'utf8')).run;
}
