import { findPendingMigrations, startEmbeddedPostgres } from '@layersense/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../test-support/processes.js';
import { runCli, startCli } from '../test-support/run-cli.js';
import { makeScratchFolder, type ScratchFolder } from '../test-support/scratch-folder.js';

let scratch: ScratchFolder;
beforeAll(async () => {
  scratch = await makeScratchFolder();
});
afterAll(() => scratch.remove());

const migrate = (url: string | undefined, ...args: string[]) =>
  startCli(['migrate', ...args], { environment: url === undefined ? {} : { DATABASE_URL: url } });

describe('layersense migrate', () => {
  it('waits for a database that starts later, applies once and says so', async () => {
    const folder = `${scratch.path}/later`;
    // Started once to learn its address.
    const first = await startEmbeddedPostgres({ folder });
    await first.stop();

    const waiting = migrate(first.url, '--wait', '50');
    await eventually(() => /Waiting up to 50 s/.test(waiting.output()) || undefined);
    const port = Number(new URL(first.url).port);
    const server = await startEmbeddedPostgres({ folder, port });
    try {
      expect(server.url).toBe(first.url);
      const { code, stdout } = await waiting.result;
      expect(stdout).toMatch(/^applied 0001_init\n/);
      expect(code).toBe(0);
      expect(await findPendingMigrations(server.url)).toEqual([]);

      const again = await migrate(server.url).result;
      expect(again).toMatchObject({ code: 0, stdout: 'The database has every migration.\n' });
    } finally {
      await server.stop();
    }
  });

  it('gives up on a database that stays away', async () => {
    const url = 'postgres://nobody:hidden@127.0.0.1:1/none';
    const { code, stderr } = await migrate(url, '--wait', '2').result;
    expect(code).toBe(1);
    expect(stderr).toContain('code: database_unavailable');
    expect(stderr).not.toContain('hidden');
  });

  it.each([
    [undefined, [], 'DATABASE_URL must be set'],
    ['mysql://root:hidden@host/x', [], 'DATABASE_URL must be set'],
    [
      'postgres://u@127.0.0.1:1/x',
      ['--wait', '4000'],
      "option '--wait <SECONDS>' argument '4000' is invalid.",
    ],
  ])('refuses %s %j', async (url, args, message) => {
    const environment = url === undefined ? {} : { DATABASE_URL: url };
    const { code, stderr } = await runCli(['migrate', ...args], { environment });
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).not.toContain('hidden');
  });
});
