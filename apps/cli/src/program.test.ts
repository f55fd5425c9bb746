import { largest } from '@layersense/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from './program.js';

let stdout: string;
let stderr: string;

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const run = (line: string) => runProgram(line.split(' ').filter(Boolean), {});

describe('a command line that is refused', () => {
  it.each([
    ['score m --sed 1', "unknown option '--sed'\n(Did you mean --seed?)"],
    ['score m -x', "unknown option '-x'"],
    ['score m --toString 1', "unknown option '--toString'"],
    [
      'score m --device gpu',
      "option '--device <D>' argument 'gpu' is invalid. Allowed choices are auto, cpu",
    ],
    ['score m --seed x', "option '--seed <N>' argument 'x' is invalid. It must be a whole number."],
    [
      'score m --seed 1.5',
      "option '--seed <N>' argument '1.5' is invalid. It must be a whole number.",
    ],
    [
      'score m --stability 5%',
      "option '--stability <P>' argument '5%' is invalid. It must be a number such as 0.95.",
    ],
    [
      'score m --memory-limit 8QB',
      "option '--memory-limit <SIZE>' argument '8QB' is invalid. It must be a size such as 8GiB",
    ],
    [
      'score m --param seed',
      "option '--param <NAME=VALUE>' argument 'seed' is invalid. It must be NAME=VALUE",
    ],
    ['score m --seed', "option '--seed <N>' argument missing"],
    ['score m --seed=', '--seed needs a value: --seed <N>'],
    ['score m --device --json', '--device needs a value: --device <D>'],
    ['score m --split --json', '--split needs a value: --split <S>'],
    ['score m --seed 1 --seed 2', '--seed is given twice.'],
    ['score m --json --json', '--json is given twice.'],
    ['score m --json=yes', '--json takes no value.'],
    ['score m n', "unexpected argument 'n': layersense score takes MODEL."],
    ['serve m', "unexpected argument 'm': layersense serve takes options only."],
    ['score', 'MODEL is missing: layersense score MODEL … (a folder with a checkpoint'],
    ['merge a.json', 'B.json is missing: layersense merge A.json B.json … (another'],
    ['score m --top 0', "option '--top <N>' argument '0' is invalid. It must be at least 1."],
    [
      'serve --port 70000',
      "option '--port <N>' argument '70000' is invalid. It must be from 0 to 65535.",
    ],
    [
      'score m --method magnitude --per-example',
      '--per-example has no meaning with --method magnitude, which reads the weights',
    ],
    [
      'score m --method magnitude --extend a.json',
      '--extend has no meaning with --method magnitude, which reads the weights',
    ],
  ])('layersense %s', async (line, message) => {
    expect(await run(line)).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toMatch(new RegExp(`\nSee 'layersense ${line.split(' ')[0]} --help'\\.\n$`));
  });

  it.each([
    ['scor', "unknown command 'scor'\n(Did you mean score?)"],
    ['toString', "unknown command 'toString'"],
    ['--debug', "unknown option '--debug'"],
  ])('layersense %s, of no command', async (line, message) => {
    expect(await run(line)).toBe(2);
    expect(stderr).toBe(`error: ${message}\nSee 'layersense --help'.\n`);
  });

  it('takes an option-like value that is joined to its flag', async () => {
    expect(await run('score m --dataset=--json --seed -1')).toBe(2);
    expect(stderr).toBe("error: --seed must be at least 0.\nSee 'layersense score --help'.\n");
  });
});

describe('help', () => {
  it.each(['', '--help', '-h', 'help'])('lists every command: layersense %s', async (line) => {
    expect(await run(line)).toBe(0);
    for (const usage of ['score MODEL', 'merge A.json B.json', 'keys revoke PREFIX', 'demo']) {
      expect(stdout).toMatch(new RegExp(`^  ${usage} +\\w`, 'm'));
    }
    expect(stdout).toMatch(/^Environment:\n {2}DATABASE_URL +PostgreSQL/m);
  });

  it('of a command groups its options, with choices, defaults and examples', async () => {
    expect(await run('score m --help')).toBe(0);
    expect(stdout).toMatch(/^Usage: layersense score \[options\] <MODEL>\n/);
    expect(stdout).toMatch(/^Calibration data:\n {2}--dataset <NAME\|FILE> +gsm8k/m);
    const words = stdout.replaceAll(/\s+/g, ' ');
    expect(words).toContain('(one of auto, cpu, cuda, webgpu; default: auto)');
    expect(words).toContain('example is cut off (default: 2048)');
    expect(words).toContain('(default: 0.15)');
    expect(stdout).toMatch(/^Examples:\n {2}# Fisher scores of the demo model/m);
  });

  it.each([60, 80, 120])('is as wide as a terminal of %i columns', async (columns) => {
    vi.spyOn(process, 'stdout', 'get').mockReturnValue(
      Object.assign(Object.create(process.stdout), { isTTY: true, columns }),
    );
    await run('--help');
    const longest = largest(stdout.split('\n').map((line) => line.length));
    expect(longest).toBeGreaterThan(columns - 15);
    expect(longest).toBeLessThanOrEqual(columns);
  });
});

it('prints its version', async () => {
  expect(await run('--version')).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
