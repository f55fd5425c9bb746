import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../test-support/processes.js';
import { type RunningCli, runCli, startCli } from '../test-support/run-cli.js';
import { makeScratchFolder, type ScratchFolder } from '../test-support/scratch-folder.js';

let scratch: ScratchFolder;
beforeAll(async () => {
  scratch = await makeScratchFolder();
});
afterAll(() => scratch.remove());

const cli = (...args: string[]) => runCli(args, { cwd: scratch.path });
const serve = (...args: string[]) =>
  startCli(['serve', '--port', '0', ...args], { cwd: scratch.path });

const urlOf = (running: RunningCli): Promise<string> =>
  eventually(() => /API +(http:\S+)/.exec(running.output())?.[1]);

async function stop(running: RunningCli): Promise<void> {
  running.process.kill('SIGTERM');
  expect((await running.result).code).toBe(0);
}

describe('layersense keys', () => {
  it('lets serve listen beyond this machine, and opens and closes the door of one that runs', async () => {
    const refused = await cli('serve', '--host', '0.0.0.0', '--port', '0');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('code: exposure_refused');
    expect(refused.stderr).toContain('layersense keys create');

    const created = await cli('keys', 'create', 'ci', '--expires-in', '30');
    expect(created.code).toBe(0);
    const key = created.stdout.trim();
    expect(key).toMatch(/^ls_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
    expect(created.stderr).toContain('jobs:read, jobs:write, scores:read');

    const running = serve('--host', '0.0.0.0');
    const url = (await urlOf(running)).replace('0.0.0.0', '127.0.0.1');
    const status = async (token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`${url}/jobs`, { headers })).status;
    };
    expect(await status()).toBe(401);
    expect(await status(key)).toBe(200);

    const listed = await cli('keys', 'list');
    const prefix = key.split('_').slice(0, 2).join('_');
    expect(listed.stdout).toContain(prefix);
    expect(listed.stdout).not.toContain(key);
    expect((await cli('keys', 'revoke', prefix)).stdout).toBe(`${prefix} (ci) is revoked.\n`);
    expect(await eventually(async () => ((await status(key)) === 401 ? true : undefined))).toBe(
      true,
    );
    expect((await cli('keys', 'list')).stdout).toContain('revoked');
    await stop(running);
    expect(running.output()).not.toContain(key);
  });

  it.each([
    [['keys'], 2, 'layersense keys needs one of its commands'],
    [['keys', 'steal'], 2, "unknown command 'steal'"],
    [['keys', 'create'], 2, 'NAME is missing'],
    [['keys', 'create', 'a\u001b[2Jb'], 2, 'NAME must be'],
    [
      ['keys', 'create', 'x', '--scope', 'all'],
      2,
      "argument 'all' is invalid. Allowed choices are jobs:read",
    ],
    [['keys', 'create', 'x', '--expires-in', '0'], 2, 'It must be from 1 to 36500.'],
    [['keys', 'revoke', 'ls_nothere0'], 1, 'code: not_found'],
    [['keys', 'list', '--data-folder', './nowhere'], 1, 'There is no'],
  ])('refuses %j', async (args, code, message) => {
    const result = await cli(...args);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
  });

  it('has help of its own', async () => {
    expect((await cli('keys', 'create', '--help')).stdout).toContain(
      'layersense keys create [options] <NAME>',
    );
    expect((await cli('--help')).stdout).toContain('keys revoke PREFIX');
  });
});
