import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScoreReport } from '@layersense/contracts';
import { nonEmpty, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../test-support/run-cli.js';

const demo = fileURLToPath(new URL('../../../../demo/', import.meta.url));
const set = join(demo, 'datasets/arithmetic.jsonl');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-merge-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cli = (...args: string[]) => runCli(args, { cwd: folder });
const score = (out: string, ...args: string[]) => {
  const fixed = ['--dataset', set, '--device', 'cpu', '--per-example', '--out', out];
  // One example of 16 tokens a batch: the same computation whatever else is in the run.
  const alone = ['--batch-size', '1', '--max-length', '16'];
  return cli('score', join(demo, 'model'), ...fixed, ...alone, ...args);
};
const report = async (file: string) =>
  ScoreReport.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));

function expectSame(actual: ScoreReport, whole: ScoreReport): void {
  expect(actual.run.dataset?.indices).toEqual(whole.run.dataset?.indices);
  expect(actual.run.dataset?.example_hashes).toEqual(whole.run.dataset?.example_hashes);
  expect(perExampleOf(actual)).toEqual(perExampleOf(whole));
  for (const { parameter, values, variance = Number.NaN } of nonEmpty(whole.scores)) {
    const score = actual.scores.find((each) => each.parameter === parameter);
    expect((score?.values.sum ?? Number.NaN) / (values.sum ?? 0)).toBeCloseTo(1, 6);
    expect((score?.variance ?? Number.NaN) / variance).toBeCloseTo(1, 5);
  }
  expect(actual.run.mean_loss).toBeCloseTo(whole.run.mean_loss ?? Number.NaN, 6);
}

describe('layersense merge', () => {
  beforeAll(async () => {
    await score('whole.json', '--examples', '32');
    await score('first.json', '--examples', '16');
    await score('second.json', '--examples', '16', '--skip-examples', '16');
  });

  it('makes the whole out of two halves, in either order one run', async () => {
    const merged = await cli(
      'merge',
      'first.json',
      'second.json',
      '--per-example',
      '--out',
      'm.json',
    );
    expect(merged).toMatchObject({ code: 0, stdout: '' });
    const both = await report('m.json');
    expectSame(both, await report('whole.json'));
    const [first, second] = [await report('first.json'), await report('second.json')];
    expect(both.run).toMatchObject({
      derived_from: [
        { run_id: first.run.id, examples: 16 },
        { run_id: second.run.id, examples: 16 },
      ],
      dataset: { examples: 32, fingerprint: null },
      params: { examples: 32, seed: 42 },
    });
    const swapped = await cli('merge', 'second.json', 'first.json', '--json');
    expect(JSON.parse(swapped.stdout).run.identity).toBe(both.run.identity);
  });

  it('can be extended again', async () => {
    await cli('merge', 'first.json', 'second.json', '--per-example', '--out', 'm.json');
    const { code, stderr } = await score('e.json', '--examples', '40', '--extend', 'm.json');
    expect(code).toBe(0);
    expect(stderr).toContain('computing  32/40');
    const merged = await report('m.json');
    const extended = await report('e.json');
    expect(extended.run.derived_from).toEqual([{ run_id: merged.run.id, examples: 32 }]);
    const values = perExampleOf(extended);
    for (const [parameter, old] of nonEmpty(perExampleOf(merged))) {
      expect([...(values.get(parameter) ?? [])]).toEqual(expect.arrayContaining([...old]));
    }
  });

  it.each([
    ['examples that both have', 'whole.json', 'runs_overlap', '16 of the examples of'],
    ['another loss', 'loss.json', 'runs_incompatible', 'differ in their loss (token-mean'],
    ['another model', 'model.json', 'runs_incompatible', 'model files (model.safetensors)'],
    ['another tokenizer', 'tokenizer.json', 'runs_incompatible', 'differ in their tokenizer'],
    ['other labels', 'labels.json', 'runs_incompatible', 'differ in their labels (data'],
    ['another method version', 'version.json', 'runs_incompatible', 'method version (2 and 0)'],
    ['no values per example', 'bare.json', 'runs_incompatible', 'Write it with layersense score'],
    ['a magnitude run', 'magnitude.json', 'runs_incompatible', 'is a magnitude run'],
    ['a file that is no report', 'text.json', 'invalid_request', 'text.json: it is no report'],
    ['a file that is not there', 'none.json', 'invalid_request', 'none.json: it cannot be read'],
  ])('refuses %s', async (_, file, code, words) => {
    await variants();
    const result = await cli('merge', 'first.json', file, '--out', 'never.json');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`code: ${code}`);
    expect(result.stderr).toContain(words);
    await expect(readFile(join(folder, 'never.json'))).rejects.toThrow('ENOENT');
  });

  async function variants(): Promise<void> {
    const { run, scores } = await report('second.json');
    const write = (file: string, content: unknown) =>
      writeFile(join(folder, file), JSON.stringify(content));
    const changed = (changes: object) => ({ run: { ...run, ...changes }, scores });
    const files = run.model.files.map((each) =>
      each.name === 'model.safetensors' ? { ...each, sha256: 'other' } : each,
    );
    await write('loss.json', changed({ loss: 'sequence-sum' }));
    await write('labels.json', changed({ labels: 'model' }));
    await write('version.json', changed({ method_version: '0' }));
    await write('model.json', changed({ model: { ...run.model, files } }));
    const dataset = { ...run.dataset, tokenizer_sha256: 'other' };
    await write('tokenizer.json', changed({ dataset }));
    await write('bare.json', {
      run,
      scores: scores.map(({ per_example: _, ...score }) => score),
    });
    await cli('score', join(demo, 'model'), '--method', 'magnitude', '--out', 'magnitude.json');
    await writeFile(join(folder, 'text.json'), 'no JSON');
  }
});

describe('layersense score --extend', () => {
  it('takes over what is there, and equals the whole', async () => {
    await score('few.json', '--examples', '16');
    await score('many.json', '--examples', '32', '--extend', 'few.json');
    await score('whole.json', '--examples', '32');
    const many = await report('many.json');
    expectSame(many, await report('whole.json'));
    expect(many.run.identity).toBe((await report('whole.json')).run.identity);
  });

  it('refuses a run of other examples or another loss', async () => {
    await score('few.json', '--examples', '8');
    const disjoint = ['--examples', '8', '--skip-examples', '8', '--extend', 'few.json'];
    expect(await score('no.json', ...disjoint)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('shares no example with this one'),
    });
    expect(await score('no.json', '--loss', 'sequence-sum', '--extend', 'few.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('differs in its loss (token-mean and sequence-sum)'),
    });
  });
});

describe('layersense score --until top-k-stable', () => {
  it('stops early with the top of the whole set, and says so', async () => {
    const until = ['--until', 'top-k-stable', '--top-k', '5'];
    const { stdout } = await cli(
      'score',
      join(demo, 'model'),
      '--dataset',
      set,
      '--device',
      'cpu',
      ...until,
    );
    expect(stdout).toMatch(/^ranking .* stable after \d+ of 64$/m);
    await score('stopped.json', ...until);
    await score('all.json', '--examples', '72');
    const { run, scores } = await report('stopped.json');
    expect(run.stopping).toMatchObject({ reason: 'stable', at_most: 64 });
    expect(run.stopping?.examples).toBeLessThan(40);
    expect(run.dataset?.examples).toBe(run.stopping?.examples);
    const top = (layers: ScoreReport['scores']) =>
      layers.filter(({ rank }) => rank <= 5).map(({ layer }) => layer);
    expect(top(scores).toSorted()).toEqual(top((await report('all.json')).scores).toSorted());
  });
});
