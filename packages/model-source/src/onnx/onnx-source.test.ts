import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HubServer, startHubServer } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveModel } from '../resolve-model.js';
import { type OnnxFile, openOnnx } from './open-onnx.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/onnx/qwen3/', import.meta.url));
const DATA = 'dynamo-20-external.onnx.data';

let scratch: string;
let models: string;
let server: HubServer;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-onnx-source-'));
  models = join(scratch, 'models');
  await folder('plain');
  server = await startHubServer({ models: { 'ada/onnx': await folder('repository', 'onnx') } });
});
afterAll(async () => {
  await server.close();
  await rm(scratch, { recursive: true });
});

/** The bytes of the embedding. */
function embedding(file: OnnxFile | undefined): Promise<Uint8Array> {
  const ref = file?.decoded.initializers.get('model.embed_tokens.weight')?.ref;
  if (!file || !ref) throw new Error('the fixture has no embedding');
  return file.read(ref, 0, ref.length);
}

/** A model with external data, in the folder itself or in one below it. */
async function folder(name: string, below = '.'): Promise<string> {
  const path = join(models, name);
  await mkdir(join(path, below), { recursive: true });
  await cp(join(fixtures, 'dynamo-20-external.onnx'), join(path, below, 'model.onnx'));
  await cp(join(fixtures, DATA), join(path, below, DATA));
  await writeFile(join(path, 'config.json'), '{"model_type": "qwen3"}');
  await writeFile(join(path, 'tokenizer.json'), '{}');
  return path;
}

const resolve = (name: string, offline = true) =>
  resolveModel(name, {
    roots: [models],
    hub: {
      endpoint: server.endpoint,
      cacheFolder: join(scratch, 'cache'),
      offline,
      retryDelayMs: 1,
    },
  });

describe('an ONNX model on this machine', () => {
  it('is a folder or a file, with its external data', async () => {
    const path = join(models, 'plain');
    const resolved = await resolve(path);
    expect(resolved).toMatchObject({ folder: path, onnxFile: 'model.onnx' });
    const names = ['config.json', 'tokenizer.json', 'model.onnx', DATA];
    expect(resolved.files.map(({ name }) => name)).toEqual(names);
    const { revision } = await resolve(join(path, 'model.onnx'));
    expect(revision).toBe(resolved.revision);
    const opened = await openOnnx(path, 'model.onnx');
    expect(opened).toMatchObject({ weightsFolder: path, config: { model_type: 'qwen3' } });
  });

  it('has another revision when its external data changes', async () => {
    const path = await folder('changed');
    const { revision } = await resolve(path);
    await writeFile(join(path, DATA), Buffer.alloc(60_000));
    expect((await resolve(path)).revision).not.toBe(revision);
  });

  it('has its configuration above a folder named onnx', async () => {
    const path = await folder('nested', 'onnx');
    const expected = { folder: path, onnxFile: 'onnx/model.onnx' };
    expect(await resolve(path)).toMatchObject(expected);
    expect(await resolve(join(path, 'onnx/model.onnx'))).toMatchObject(expected);
  });

  it('reads nothing outside the roots, whatever external data is called', async () => {
    const path = await folder('sly');
    await rm(join(path, DATA));
    await writeFile(join(scratch, 'secret'), Buffer.alloc(60_000));
    await symlink(join(scratch, 'secret'), join(path, DATA));
    await expect(resolve(path)).rejects.toMatchObject({ code: 'path_not_allowed' });
    await symlink(join(fixtures, 'dynamo-20.onnx'), join(path, 'other.onnx'));
    const other = resolve(join(path, 'other.onnx'));
    await expect(other).rejects.toMatchObject({ code: 'path_not_allowed' });
    const outside = resolve(join(fixtures, 'dynamo-20.onnx'));
    await expect(outside).rejects.toMatchObject({ code: 'path_not_allowed' });
  });

  it('is named when there are several', async () => {
    const path = join(models, 'several');
    await mkdir(path);
    for (const name of ['a.onnx', 'b.onnx']) {
      await cp(join(fixtures, 'dynamo-20.onnx'), join(path, name));
    }
    const refusal = resolve(path);
    await expect(refusal).rejects.toMatchObject({ code: 'checkpoint_missing' });
    await expect(refusal).rejects.toThrow(/a\.onnx, b\.onnx/);
    expect(await resolve(join(path, 'b.onnx'))).toMatchObject({ onnxFile: 'b.onnx' });
  });

  it('is refused when its external data is cut short, or it is no model', async () => {
    const path = await folder('short');
    await truncate(join(path, DATA), 100);
    const short = openOnnx(path, 'model.onnx');
    await expect(short).rejects.toMatchObject({ code: 'checkpoint_invalid' });
    await writeFile(join(path, 'model.onnx'), 'This is not a model.');
    await expect(resolve(path)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('external data in a folder below', () => {
  const BELOW = 'weights/0-external.onnx.data';

  /** The model, with its data under a name as long as the one that the file has. */
  async function nested(name: string): Promise<string> {
    const path = await folder(name);
    const file = await readFile(join(path, 'model.onnx'), 'latin1');
    await writeFile(join(path, 'model.onnx'), file.replaceAll(DATA, BELOW), 'latin1');
    await mkdir(join(path, 'weights'));
    await rename(join(path, DATA), join(path, BELOW));
    return path;
  }

  it('is found, and read as beside the file', async () => {
    const path = await nested('below');
    const { files } = await resolve(path);
    expect(files.map(({ name }) => name)).toContain(BELOW);
    const [below, beside] = await Promise.all(
      [path, join(models, 'plain')].map((each) => openOnnx(each, 'model.onnx')),
    );
    const references = [...(below?.decoded.initializers.values() ?? [])].map(
      ({ ref }) => ref?.file,
    );
    expect(references).toContain(BELOW);
    expect(await embedding(below)).toEqual(await embedding(beside));
  });

  it('is refused where it is a link that leads out of the folder', async () => {
    const path = await nested('leading-out');
    await rename(join(path, BELOW), join(models, 'moved.data'));
    await symlink(join(models, 'moved.data'), join(path, BELOW));
    await expect(openOnnx(path, 'model.onnx')).rejects.toMatchObject({
      code: 'checkpoint_invalid',
      message: expect.stringContaining(`${BELOW}, in which model.onnx keeps weights, is a link`),
    });
  });
});

it.each(['model.onnx', DATA])('says that %s is a Git LFS pointer', async (name) => {
  const path = await folder(`pointer-${name}`);
  await writeFile(
    join(path, name),
    'version https://git-lfs.github.com/spec/v1\noid sha256:c9a7a4f5b4ba8e6a\nsize 988097824\n',
  );
  await expect(openOnnx(path, 'model.onnx')).rejects.toMatchObject({
    code: 'checkpoint_invalid',
    message: expect.stringMatching(/Git LFS pointer.*git lfs pull/),
  });
});

describe('an ONNX model of a Hub', () => {
  it('is downloaded with its external data, and found in the cache', async () => {
    const resolved = await resolve('ada/onnx', false);
    const names = ['config.json', 'tokenizer.json', 'onnx/model.onnx', `onnx/${DATA}`];
    expect(resolved).toMatchObject({ source: 'hub', onnxFile: 'onnx/model.onnx' });
    expect(resolved.files.map(({ name }) => name)).toEqual(names);
    expect(await resolve('ada/onnx')).toEqual(resolved);

    const opened = await openOnnx(resolved.folder, 'onnx/model.onnx');
    const local = await openOnnx(join(models, 'repository'), 'onnx/model.onnx');
    expect(await embedding(opened)).toEqual(await embedding(local));
  });
});
