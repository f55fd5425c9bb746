import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScoreReport } from '@layersense/contracts';
import { nonEmpty, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, listProcesses } from '../test-support/processes.js';
import { runCli, startCli } from '../test-support/run-cli.js';

interface Expected {
  readonly cases: readonly {
    readonly name: string;
    readonly input_ids: readonly (readonly number[])[];
    readonly losses: readonly number[];
    readonly gradient_squared_norms: Readonly<Record<string, readonly number[]>>;
  }[];
}

const model = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/llama-tied', import.meta.url),
);
const { cases } = JSON.parse(await readFile(join(model, 'expected.json'), 'utf8')) as Expected;
const parity = cases.find(({ name }) => name === 'token-mean') as Expected['cases'][number];

let folder: string;
let dataset: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-cli-'));
  dataset = join(folder, 'tokens.jsonl');
  const lines = parity.input_ids.map((input_ids) => JSON.stringify({ input_ids }));
  await writeFile(dataset, `${lines.join('\n')}\n`);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const score = (...args: string[]) => runCli(['score', model, ...args], { cwd: folder });
const fisher = (...args: string[]) => score('--dataset', dataset, '--device', 'cpu', ...args);

describe('layersense score', () => {
  it("writes PyTorch's per-example squared gradient norms as JSON", async () => {
    const { code, stdout, stderr } = await fisher('--json', '--per-example');
    expect(stderr).toContain('computing');
    expect(code).toBe(0);
    const report = ScoreReport.parse(JSON.parse(stdout));
    const { run, scores } = report;
    expect(run).toMatchObject({ method: 'fisher', loss: 'token-mean', device: 'cpu' });
    expect(run.dataset).toMatchObject({ examples: 5, tokens: parity.input_ids.flat().length });
    const expected = Object.keys(parity.gradient_squared_norms);
    expect(scores.map(({ parameter }) => parameter).toSorted()).toEqual(expected.toSorted());
    const perExample = perExampleOf(report);
    for (const { parameter, values } of nonEmpty(scores)) {
      const norms = parity.gradient_squared_norms[parameter] ?? [];
      const mean = norms.reduce((sum, norm) => sum + norm, 0) / norms.length;
      expectClose(values.sum, mean, parameter);
      for (const [row, value] of nonEmpty(perExample.get(parameter) ?? [])) {
        expectClose(value, norms[row], `${parameter}, example ${row}`);
      }
    }
  });

  it('prints a ranked table', async () => {
    const { code, stdout } = await fisher('--top', '3');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[1]).toMatch(/^dataset {2}.*tokens\.jsonl, 5 examples, 61 tokens, fingerprint /);
    expect(lines[4]).toMatch(
      /^ranking {2}each of the top 10 stays there in at least \d+ % of 1,000/,
    );
    expect(lines[6]).toMatch(/^rank +layer +shape +sum +± s\.e\. +of max/);
    expect(lines[7]).toMatch(/^ +1 .* 100 % {2}█+$/);
    expect(lines[10]).toMatch(/… \d+ more$/);
  });

  it('says what of the rows it has not read, beside the scores', async () => {
    const noted = join(folder, 'noted.jsonl');
    const rows = [{ input_ids: [1] }, { input_ids: [5, 17, 9], id: 3, source: 'x' }];
    await writeFile(noted, rows.map((row) => JSON.stringify(row)).join('\n'));
    const { code, stdout, stderr } = await score('--dataset', noted, '--device', 'cpu', '--json');
    expect(code).toBe(0);
    expect(stderr).toContain('note: 1 of the rows drawn was left out');
    expect(stderr).toContain('note: not read of the dataset\'s rows: "id", "source".');
    const { dataset } = ScoreReport.parse(JSON.parse(stdout)).run;
    expect(dataset).toMatchObject({ skipped: 1, unread_keys: ['id', 'source'] });
  });

  it('scores magnitude as CSV into a file, without data', async () => {
    const out = join(folder, 'magnitude.csv');
    const { code, stdout, stderr } = await score('--method', 'magnitude', '--out', out);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`scores to ${out}.`);
    const [header, ...rows] = (await readFile(out, 'utf8')).trimEnd().split('\n');
    expect(header).toBe(
      'rank,layer,parameter,shape,numel,n,l1,l2_squared,mean_abs,max_abs,variance,standard_error,confidence_low,confidence_high,top_k_probability,routed_tokens,routed_examples',
    );
    expect(rows).toHaveLength(Object.keys(parity.gradient_squared_norms).length);
    expect(rows[0]).toMatch(/^1,[\w.]+,[\w.]+,\d+x\d+,\d+,,[\d.]+,[\d.]+,[\d.]+,[\d.]+,{7}$/);
    expect((await readdir(folder)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
});

function expectClose(actual: number | null | undefined, expected = Number.NaN, what = ''): void {
  const tolerance = 1e-4 * Math.abs(expected) + 1e-12;
  expect(Math.abs((actual ?? Number.NaN) - expected), what).toBeLessThanOrEqual(tolerance);
}

describe('what layersense score refuses', () => {
  it.each([
    [['--dataset', 'x.jsonl', '--methd', 'fisher'], "unknown option '--methd'"],
    [['--method', 'taylor'], "option '--method <METHOD>' argument 'taylor' is invalid. Allowed"],
    [['--method', 'magnitude', '--dataset', 'gsm8k'], '--dataset has no meaning with'],
    [['--dataset', 'gsm8k', '--per-example'], '--per-example needs --json'],
    [['--dataset', 'gsm8k', '--json', '--csv'], '--json and --csv exclude each other.'],
    [['--dataset', 'gsm8k', '--top-k', '5'], '--top-k needs --until top-k-stable, of which'],
    [
      ['--dataset', 'gsm8k', '--until', 'never'],
      "option '--until <CONDITION>' argument 'never' is invalid. Allowed choices are top-k-stable.",
    ],
    [['--dataset', 'gsm8k', '--draws', '2'], '--draws: labels are drawn with'],
    [
      ['--dataset', 'gsm8k', '--threads', '0'],
      "option '--threads <N>' argument '0' is invalid. It must be at least 1.",
    ],
  ])('a command line such as %j, with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await score(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain("See 'layersense score --help'.");
  });

  it('an unwritable place for the result, before computing anything', async () => {
    const { code, stderr } = await fisher('--out', join(folder, 'missing', 'scores.json'));
    expect(code).toBe(2);
    expect(stderr).toContain(`there is no folder ${join(folder, 'missing')}`);
    expect(stderr).not.toContain('loading');
  });

  it('a model folder that does not exist', async () => {
    const { code, stderr } = await runCli(['score', './nowhere', '--dataset', dataset], {
      cwd: folder,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*nowhere/m);
    expect(stderr).toContain('code: model_not_found');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('malformed JSONL by its line, and leaves no file', async () => {
    const broken = join(folder, 'broken.jsonl');
    await writeFile(broken, '{"input_ids": [1, 2, 3]}\n{"input_ids": [1, 2\n');
    const out = join(folder, 'never.json');
    const { code, stderr } = await score('--dataset', broken, '--out', out);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*broken\.jsonl.*\b2\b/m);
    expect(stderr).toContain('code: dataset_malformed');
    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('with a stack trace when asked', async () => {
    const { stderr } = await score('--dataset', 'no-such.jsonl', '--debug');
    expect(stderr).toContain('code: dataset_not_found');
    expect(stderr).toMatch(/^\s+at /m);
  });
});

describe('SIGINT', () => {
  it('ends the computation, its process and itself with 130, and leaves no file', async () => {
    const many = join(folder, 'many.jsonl');
    const line = JSON.stringify({ input_ids: Array.from({ length: 128 }, (_, i) => i % 64) });
    await writeFile(many, `${line}\n`.repeat(20_000));
    const out = join(folder, 'interrupted.json');
    const cli = startCli(
      ['score', model, '--dataset', many, '--examples', '20000', '--batch-size', '1', '--out', out],
      { cwd: folder },
    );
    await eventually(() => (cli.output().includes('computing') ? true : undefined));
    const children = (await listProcesses()).filter(({ parent }) => parent === cli.process.pid);
    expect(children.length).toBeGreaterThan(0);
    cli.process.kill('SIGINT');
    const { code, stdout, stderr } = await cli.result;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/Canceled\.\n$/);
    const left = new Set((await listProcesses()).map(({ pid }) => pid));
    expect(children.filter(({ pid }) => left.has(pid))).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.startsWith('interrupted'))).toEqual([]);
  });
});
