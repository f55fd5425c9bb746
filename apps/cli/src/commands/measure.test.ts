import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScoreReport } from '@layersense/contracts';
import { parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../test-support/run-cli.js';

const model = parityCheckpoints().find(({ name }) => name === 'llama-tied')?.folder ?? '';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-measure-'));
  const rows = [9, 21, 14].map((length, n) =>
    JSON.stringify({ input_ids: Array.from({ length }, (_, t) => (t * t * 5 + n * 17) % 61) }),
  );
  await writeFile(join(folder, 'tokens.jsonl'), rows.join('\n'));
  const plan = { name: 'plan', weights: { '*.0.mlp.*': 'int8_channel' } };
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  await writeFile(join(folder, 'list.json'), '["int8_channel"]');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const measure = (...args: string[]) => {
  const examples = ['--dataset', 'tokens.jsonl', '--device', 'cpu'];
  return runCli(['measure', model, ...examples, ...args], { cwd: folder });
};

describe('layersense measure', () => {
  it('measures formats and assignments of the whole model, and holds examples out', async () => {
    const assigned = ['--assignment', 'plan.json', '--matrices', '*_proj.weight'];
    const first = await measure('--formats', 'bf16', ...assigned, '--out', 'first.json');
    expect(first.stderr).toContain('Wrote 1 scores');
    expect(first.code).toBe(0);
    const { run, scores } = ScoreReport.parse(
      JSON.parse(await readFile(join(folder, 'first.json'), 'utf8')),
    );
    expect(run.params).toMatchObject({
      assignments: [
        { name: 'bf16', weights: { '*_proj.weight': 'bf16' } },
        { name: 'plan', weights: { '*.0.mlp.*': 'int8_channel' } },
      ],
    });
    expect(scores[0]?.values['plan.kl']).toBeGreaterThan(0);

    const heldOut = ['--calibration', 'first.json', '--held-out'];
    const { code, stderr } = await measure('--formats', 'bf16', ...heldOut);
    expect([code, stderr]).toEqual([1, expect.stringContaining('3 of the 3 examples are among')]);
  });

  it('measures one matrix at a time, and shows every format of it', async () => {
    const { code, stdout } = await measure(
      ...['--formats', 'int3_g32,int8_channel', '--matrices', '*.1.mlp.up_proj.weight,*.0.*.q_*'],
      '--pairs',
    );
    expect(code).toBe(0);
    const table = stdout.slice(stdout.indexOf('layer  ')).trimEnd().split('\n');
    expect(table[0]).toMatch(/^layer +in +kl +± s\.e\. +delta_cross_entropy +± s\.e\. +top1/);
    expect(table.slice(1).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      [expect.stringMatching(/^model\.layers/), 'int3_g32'],
      [expect.stringMatching(/^model\.layers/), 'int8_channel'],
      [expect.stringMatching(/^model\.layers/), 'int3_g32'],
      [expect.stringMatching(/^model\.layers/), 'int8_channel'],
    ]);
  });

  it.each([
    [[], 'measure needs --formats LIST or --assignment FILE'],
    [['--formats', 'bf16', '--sample', '3'], '--sample needs --pairs'],
    [['--pairs', '--assignment', 'plan.json'], '--pairs needs --formats'],
    [['--assignment', 'plan.json', '--matrices', '*'], '--matrices needs --formats'],
    [['--assignment', 'none.json'], '--assignment none.json: it cannot be read'],
    [['--assignment', 'list.json'], 'it must be a JSON object'],
    [['--formats', 'bf16', '--held-out'], '--held-out needs --calibration FILE'],
    [['--formats', 'int4'], 'No format is called "int4"'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await measure(...args);
    expect(stderr).toContain(message);
    expect(code).toBeGreaterThan(0);
  });
});
