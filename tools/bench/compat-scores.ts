import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ScoreReport } from '@layersense/contracts';
import { exitOf } from './child-exit.js';

export interface ScoreSettings {
  /** The layersense.js that is run. */
  readonly cli: string;
  /** A folder for the report. */
  readonly scratch: string;
  /** The parameters whose values are told. */
  readonly parameters: RegExp;
  /** Fisher scores on these rows; magnitude without them. */
  readonly dataset?: string;
}

/** Runs `layersense score`: losses and values by row of the dataset, or the error's code and its first two sentences. */
export async function scoreOutcome(
  model: string,
  { cli, scratch, parameters, dataset }: ScoreSettings,
): Promise<string> {
  const out = join(scratch, 'report.json');
  rmSync(out, { force: true });
  const method = dataset === undefined ? ['--method', 'magnitude'] : ['--dataset', dataset];
  const output = ['--json', '--per-example', '--out', out];
  const flags = dataset === undefined ? output.toSpliced(1, 1) : [...output, '--device', 'cpu'];
  const child = spawn(process.execPath, [cli, 'score', model, ...method, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if ((await exitOf(child)) !== 0) return errorOutcome(stderr);
  const report = JSON.parse(readFileSync(out, 'utf8')) as ScoreReport;
  const notes = stderr.match(/^note: .*$/gm) ?? [];
  return [...valuesOf(report, parameters), ...notes].join('; ');
}

function errorOutcome(stderr: string): string {
  const [, message = stderr, code = 'no code'] =
    /^error: ([\s\S]*)\ncode: (\w+)$/m.exec(stderr) ?? [];
  const sentences = withoutFolders(message).split(/(?<=[.!?])\s+(?=\p{Lu})/u);
  return `\`${code}\`: ${sentences.slice(0, 2).join(' ')}`;
}

/** Paths by their last part alone: where the inputs lie is of no matter. */
function withoutFolders(message: string): string {
  return message.replaceAll(/(?<![\w.])\/(?:[^\s/]+\/)+/g, '');
}

function valuesOf({ run, scores }: ScoreReport, parameters: RegExp): readonly string[] {
  const told = scores
    .filter(({ parameter }) => parameters.test(parameter))
    .toSorted((a, b) => (a.parameter < b.parameter ? -1 : 1));
  const count = `${scores.length} parameters`;
  if (run.dataset === null) {
    return [count, ...told.map(({ parameter, values }) => `${parameter} ${digits(values.l1)}`)];
  }
  const { indices } = run.dataset;
  const rows = indices.toSorted((a, b) => a - b);
  const byRow = (values: readonly (number | null)[] | null | undefined) =>
    rows.map((row) => digits(values?.[indices.indexOf(row)])).join(', ');
  const norms = told.map(({ parameter, per_example }) => `${parameter} ${byRow(per_example)}`);
  return [`loss ${byRow(run.example_losses)}`, ...norms, count];
}

function digits(value: number | null | undefined): string {
  return value === null || value === undefined ? 'none' : String(Number(value.toPrecision(6)));
}
