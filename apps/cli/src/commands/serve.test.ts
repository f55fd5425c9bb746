import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, listProcesses } from '../test-support/processes.js';
import { runCli, startCli } from '../test-support/run-cli.js';
import { makeScratchFolder, type ScratchFolder } from '../test-support/scratch-folder.js';

let scratch: ScratchFolder;

beforeEach(async () => {
  scratch = await makeScratchFolder();
});

afterEach(() => scratch.remove());

const start = () => startCli(['serve', '--port', '0'], { cwd: scratch.path });

const urlOf = (cli: ReturnType<typeof start>): Promise<string> =>
  eventually(() => /API +(http:\S+)/.exec(cli.output())?.[1]);

describe('layersense serve', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'answers until %s, then stops everything',
    async (signal) => {
      const cli = start();
      const url = await urlOf(cli);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const postgres = (await listProcesses()).filter(({ command }) =>
        command.includes(scratch.path),
      );
      expect(postgres.length).toBeGreaterThan(0);
      expect(cli.output()).toContain(join(scratch.path, '.layersense'));
      expect(cli.output()).toContain(`${url}/docs`);

      cli.process.kill(signal);
      const { code, stderr } = await cli.result;
      expect(code).toBe(0);
      expect(stderr).toMatch(/Stopped\.\n$/);
      const left = (await listProcesses()).filter(({ command }) => command.includes(scratch.path));
      expect(left).toEqual([]);
    },
  );

  it('keeps its data', async () => {
    const source = 'https://example.org/scores';
    const body = JSON.stringify({ model: 'a/b', method: 'magnitude', source, scores: { w: 2 } });
    const headers = { 'content-type': 'application/json' };
    const first = start();
    const imported = await fetch(`${await urlOf(first)}/runs/import`, {
      method: 'POST',
      headers,
      body,
    });
    expect(imported.ok).toBe(true);
    first.process.kill('SIGTERM');
    await first.result;

    const second = start();
    const scores = await (await fetch(`${await urlOf(second)}/scores?model=a/b`)).json();
    expect(scores).toMatchObject({ data: [{ layer: 'w', value: 2 }] });
    second.process.kill('SIGTERM');
    expect((await second.result).code).toBe(0);
  });

  it.each([
    [
      ['--port', '70000'],
      2,
      "option '--port <N>' argument '70000' is invalid. It must be from 0 to 65535.",
    ],
    [['--model-root', './nowhere'], 1, '--model-root ./nowhere: there is no such folder.'],
    [['extra'], 2, "unexpected argument 'extra': layersense serve takes options only."],
  ])('refuses %j', async (args, code, message) => {
    const result = await runCli(['serve', ...args], { cwd: scratch.path });
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`error: ${message}`);
  });

  it('stops what had started when it cannot go on', async () => {
    const taken = start();
    const port = new URL(await urlOf(taken)).port;
    const folder = join(scratch.path, 'other');
    const args = ['serve', '--port', port, '--data-folder', folder];
    const { code, stderr } = await runCli(args, { cwd: scratch.path });
    expect(code).toBe(2);
    expect(stderr).toContain(`error: Port ${port} of 127.0.0.1 is taken.`);
    const left = (await listProcesses()).filter(({ command }) => command.includes(folder));
    expect(left).toEqual([]);
    taken.process.kill('SIGTERM');
    await taken.result;
  });

  it('names a database that does not answer', async () => {
    const { code, stderr } = await runCli(['serve'], {
      cwd: scratch.path,
      environment: { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('code: database_unavailable');
  });
});
