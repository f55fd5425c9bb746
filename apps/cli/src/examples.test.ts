import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './test-support/processes.js';
import { startCli } from './test-support/run-cli.js';
import { makeScratchFolder, type ScratchFolder } from './test-support/scratch-folder.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const model = join(root, 'demo/model');
const dataset = join(root, 'demo/datasets/arithmetic.jsonl');

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Debian's Python brings httpx as a package; another one may be first on the path. */
const python = ['python3', '/usr/bin/python3'].find((name) => runs(name, '-c', 'import httpx'));
const curl = runs('curl', '--version') && runs('jq', '--version');
if (python === undefined) process.stderr.write('\nSKIPPED: score.py, no python3 with httpx\n');
if (!curl) process.stderr.write('\nSKIPPED: curl.sh, no curl or no jq\n');

describe('the examples, against a running service', () => {
  let scratch: ScratchFolder;
  let service: ReturnType<typeof startCli>;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    scratch = await makeScratchFolder();
    service = startCli(['serve', '--port', '0', '--model-root', root], { cwd: scratch.path });
    const url = await eventually(() => /API +(http:\S+)/.exec(service.output())?.[1]);
    env = { ...process.env, LAYERSENSE_URL: url };
  });
  afterAll(async () => {
    service.process.kill('SIGTERM');
    await service.result;
    await scratch.remove();
  });

  it.skipIf(python === undefined)(
    'score.py ranks the layers and writes a skip list that holds half of the sensitivity',
    async () => {
      const skipList = join(scratch.path, 'skip.json');
      const asked = ['--model', model, '--dataset', dataset, '--examples', '8'];
      const script = join(root, 'examples/python/score.py');
      const { stdout } = await run(python ?? '', [script, ...asked, '--skip-list', skipList], {
        env,
      });
      expect(stdout).toMatch(/^.*demo\/model on .*, 8 examples \(run_/);
      expect(stdout).toMatch(/^ +\d+ +[\d.e+-]+ {2}\[[\d.e+-]+, [\d.e+-]+\] {2}model\./m);
      const skipped = JSON.parse(await readFile(skipList, 'utf8')) as string[];
      expect(skipped.length).toBeGreaterThan(0);
      expect(stdout).toContain(`${skipped.length} of `);
      const first = /\] {2}(\S+)$/m.exec(stdout)?.[1];
      expect(skipped[0]).toBe(first);
    },
  );

  it.skipIf(python === undefined)('score.py says what is wrong', async () => {
    const script = join(root, 'examples/python/score.py');
    const asked = ['--model', join(root, 'nothing-here'), '--dataset', dataset];
    await expect(run(python ?? '', [script, ...asked], { env })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^job_\S+ failed: .*nothing-here/m),
    });
  });

  it.skipIf(!curl)('curl.sh prints ten layers', async () => {
    const script = join(root, 'examples/curl.sh');
    const { stdout } = await run('bash', [script, model, dataset, '8'], { env });
    const layer = expect.stringMatching(/^\d+\t[\d.e+-]+\tmodel\./);
    expect(stdout.trim().split('\n')).toEqual(Array(10).fill(layer));
  });
});
