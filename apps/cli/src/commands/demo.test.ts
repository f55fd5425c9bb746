import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoFolder } from '../demo/demo-files.js';
import { eventually, listProcesses } from '../test-support/processes.js';
import { type RunningCli, startCli } from '../test-support/run-cli.js';
import { makeScratchFolder, type ScratchFolder } from '../test-support/scratch-folder.js';

const LIMIT_MS = 600_000;

let scratch: ScratchFolder;

beforeEach(async () => {
  scratch = await makeScratchFolder();
});

afterEach(() => scratch.remove());

const startDemo = (...args: string[]) =>
  startCli(['demo', ...args], { environment: { TMPDIR: scratch.path } });

/** Whatever still runs on the demo's folder: PostgreSQL, mostly. */
const leftovers = async () => [
  ...(await readdir(scratch.path)),
  ...(await listProcesses()).filter(({ command }) => command.includes(scratch.path)),
];

/** As `layersense demo 2>&1 | head` does. */
function closeOutput({ process }: RunningCli): void {
  process.stdout?.destroy();
  process.stderr?.destroy();
}

const absent = !existsSync(join(demoFolder, 'model', 'config.json'));

describe.skipIf(absent)('layersense demo', () => {
  it('prints what it found, ends by itself and leaves nothing behind', {
    timeout: LIMIT_MS,
  }, async () => {
    const { code, stdout, stderr } = await startDemo().result;
    expect({ code, stderr: stderr.includes('error:') }).toEqual({ code: 0, stderr: false });
    expect(stdout).toMatch(/fisher on arithmetic\.jsonl +64 examples, \d+ scores/);
    expect(stdout).toMatch(/fisher on encyclopedia\.jsonl +64 examples, \d+ scores/);
    expect(stdout).toMatch(/^ +1 {2}model\.\S+ +[\d×]+ +\S+ +\S+ +100 %/m);
    expect(stdout).toMatch(/Fisher on arithmetic \(sum\) +\S+× +\S+×/);
    expect(stdout).toMatch(/tells layers apart \S+× as widely/);
    expect(stdout).toContain('Where to look next');
    expect(await leftovers()).toEqual([]);
  });

  it('goes on with --keep, and a signal ends it as cleanly', { timeout: LIMIT_MS }, async () => {
    const cli = startDemo('--keep');
    const scores = await eventually(() => /curl -s '(http:\S+)'/.exec(cli.output())?.[1]);
    const { data } = (await (await fetch(scores)).json()) as { data: { rank: number }[] };
    expect(data.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
    cli.process.kill('SIGINT');
    expect((await cli.result).code).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it.each([
    ['by a signal', 130, /Canceled\.\n$/, (cli: RunningCli) => cli.process.kill('SIGINT')],
    ['by a reader that goes away', 141, /^fisher on/, closeOutput],
  ])(
    'can be interrupted in the middle %s',
    {
      timeout: LIMIT_MS,
    },
    async (_how, exitCode, lastWords, interrupt) => {
      const cli = startDemo();
      await eventually(() => (cli.output().includes('fisher on') ? true : undefined));
      interrupt(cli);
      const { code, stderr } = await cli.result;
      expect(code).toBe(exitCode);
      expect(stderr).toMatch(lastWords);
      expect(await leftovers()).toEqual([]);
    },
  );

  it('says so when it may not write among the temporary files', async () => {
    const environment = { TMPDIR: join(scratch.path, 'nowhere') };
    const { code, stderr } = await startCli(['demo'], { environment }).result;
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: No folder can be made in \S+nowhere .*Let TMPDIR name one/);
  });
});
