import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HubServer, largest, nonEmpty, startHubServer } from '@layersense/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from './hash-file.js';
import type { HubSettings } from './hub/settings.js';
import { openCheckpoint } from './open-checkpoint.js';
import { readTensor } from './read-tensor.js';
import { requireTensor } from './require-tensor.js';
import { type ResolveModelOptions, resolveModel } from './resolve-model.js';
import type { SourceProgress } from './resolved-model.js';

const fixtures = fileURLToPath(new URL('../../testing/fixtures/checkpoints/', import.meta.url));
const TOKEN = 'hf_test_token';

let scratch: string;
let model: string;
let server: HubServer;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-hub-'));
  model = join(scratch, 'origin', 'tied');
  await cp(join(fixtures, 'llama-tied'), model, { recursive: true });
  await writeFile(join(model, 'tokenizer.json'), '{"version": "1.0"}');
  await writeFile(join(model, 'README.md'), 'Not needed.');
  await writeFile(join(model, 'consolidated.safetensors'), 'The same weights for another program.');
  const sharded = join(scratch, 'origin', 'sharded');
  await cp(join(fixtures, 'qwen2-untied'), sharded, { recursive: true });
  await writeFile(join(sharded, 'tokenizer.json'), '{"version": "1.0"}');
  server = await startHubServer({ models: { 'ada/tied': model, 'ada/sharded': sharded } });
});
afterEach(async () => {
  await server.close();
  await rm(scratch, { recursive: true });
});

const settings = (overrides: Partial<HubSettings> = {}): HubSettings => ({
  endpoint: server.endpoint,
  cacheFolder: join(scratch, 'cache'),
  offline: false,
  retryDelayMs: 1,
  ...overrides,
});
const resolve = (name: string, options: Partial<ResolveModelOptions> = {}) =>
  resolveModel(name, { roots: [], hub: settings(), ...options });
const cachePath = (...parts: string[]) => join(scratch, 'cache', ...parts);
/** Everything below a folder that is no folder itself, except the lock's. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}
const isStorage = ({ host }: { host: string }) => host === 'storage';

describe('resolveModel on a Hub', () => {
  it('pins the commit and downloads what is needed, in the layout of Python', async () => {
    const commit = await server.commitOf('ada/tied');
    const resolved = await resolve('ada/tied');
    const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
    expect(resolved).toMatchObject({ name: 'ada/tied', revision: commit, source: 'hub' });
    expect(resolved.files.map(({ name }) => name).sort()).toEqual(names.sort());

    const repository = cachePath('models--ada--tied');
    expect(resolved.folder).toBe(join(repository, 'snapshots', commit));
    expect(await readFile(join(repository, 'refs', 'main'), 'utf8')).toBe(commit);
    const sha256 = await hashFile(join(model, 'model.safetensors'));
    const link = await readlink(join(resolved.folder, 'model.safetensors'));
    expect(link).toBe(`../../blobs/${sha256}`);
    expect(await filesBelow(join(repository, 'blobs'))).toHaveLength(names.length);
    expect(await filesBelow(scratch)).not.toContainEqual(
      expect.stringMatching(/lock|incomplete|tmp$/),
    );
    for (const { name, path } of nonEmpty(resolved.files)) {
      expect(await hashFile(path)).toBe(await hashFile(join(model, name)));
    }
  });

  it('tells of each file once whether the cache had it', async () => {
    const lookups: boolean[] = [];
    const hub = settings({ onLookup: (found) => lookups.push(found) });
    const { files } = await resolve('ada/sharded', { hub });
    expect(lookups).toEqual(files.map(() => false));
    lookups.length = 0;
    await resolve('ada/sharded', { hub });
    expect(lookups).toEqual(files.map(() => true));
    lookups.length = 0;
    const [first] = files;
    if (first) await rm(first.path);
    await resolve('ada/sharded', { hub });
    expect(lookups.toSorted()).toEqual(files.map((_, i) => i > 0).toSorted());
  });

  it('gives a folder that opens as a checkpoint, shards included', async () => {
    const { folder } = await resolve('ada/sharded');
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.weightsFolder).toBe(cachePath('models--ada--sharded', 'blobs'));
    const head = requireTensor(checkpoint, 'lm_head.weight');
    const original = await openCheckpoint(join(scratch, 'origin', 'sharded'));
    expect(await readTensor(checkpoint.weightsFolder, head)).toEqual(
      await readTensor(original.weightsFolder, requireTensor(original, 'lm_head.weight')),
    );
  });

  it('asks for the commit of a branch every time and for nothing else that is cached', async () => {
    await resolve('ada/tied');
    const before = server.requests.length;
    await resolve('ada/tied');
    expect(server.requests.slice(before).map(({ path }) => path)).toEqual([
      '/api/models/ada/tied/revision/main',
    ]);
  });

  it('asks nobody about a commit that is cached', async () => {
    const { revision } = await resolve('ada/tied');
    const before = server.requests.length;
    expect((await resolve('ada/tied', { revision })).revision).toBe(revision);
    expect(server.requests).toHaveLength(before);
  });

  it('follows a branch that has moved and keeps the old commit', async () => {
    const first = await resolve('ada/tied');
    await writeFile(join(model, 'tokenizer.json'), '{"version": "2.0"}');
    const before = server.requests.filter(isStorage).length;
    const second = await resolve('ada/tied');
    expect(second.revision).not.toBe(first.revision);
    expect(await readFile(join(second.folder, 'tokenizer.json'), 'utf8')).toContain('2.0');
    expect(await readFile(join(first.folder, 'tokenizer.json'), 'utf8')).toContain('1.0');
    // The weights did not change, so their blob serves both snapshots.
    expect(server.requests.filter(isStorage)).toHaveLength(before);
  });

  it('completes a snapshot that another program fetched in part', async () => {
    const { folder } = await resolve('ada/tied');
    await rm(join(folder, 'tokenizer.json'));
    const { files } = await resolve('ada/tied');
    expect(files.map(({ name }) => name)).toContain('tokenizer.json');
  });

  it('fetches again what is cached with a wrong size', async () => {
    const { folder, revision } = await resolve('ada/tied');
    await rm(join(folder, 'tokenizer.json'));
    await appendFile(join(folder, 'config.json'), 'damage');
    await resolve('ada/tied', { revision });
    expect(await readFile(join(folder, 'config.json'), 'utf8')).not.toContain('damage');
  });

  it('adds up progress over all files', async () => {
    const seen: SourceProgress[] = [];
    const { files } = await resolve('ada/tied', { onProgress: (progress) => seen.push(progress) });
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(seen.at(-1)).toMatchObject({ doneBytes: total, totalBytes: total });
    expect(largest(seen.map(({ doneBytes }) => doneBytes))).toBe(total);
  });

  it('reads a listing of several pages', async () => {
    const paged = await startHubServer({ models: { 'ada/tied': model }, pageSize: 2 });
    try {
      const { files } = await resolve('ada/tied', { hub: settings({ endpoint: paged.endpoint }) });
      expect(files).toHaveLength(3);
      expect(paged.requests.filter(({ path }) => path.includes('/tree/')).length).toBe(3);
    } finally {
      await paged.close();
    }
  });
});

describe('resolveModel offline', () => {
  const offline = () => settings({ offline: true });

  it('uses the cache by branch and by commit, without a request', async () => {
    const { revision, folder } = await resolve('ada/tied');
    const before = server.requests.length;
    expect(await resolve('ada/tied', { hub: offline() })).toMatchObject({ revision, folder });
    expect(await resolve('ada/tied', { hub: offline(), revision })).toMatchObject({ folder });
    expect(server.requests).toHaveLength(before);
  });

  it('uses weights that Python fetched without a tokenizer', async () => {
    const { folder } = await resolve('ada/tied');
    await rm(join(folder, 'tokenizer.json'));
    expect((await resolve('ada/tied', { hub: offline() })).files).toHaveLength(2);
  });

  it('says what is not cached', async () => {
    const refusal = {
      code: 'hub_offline',
      message: expect.stringContaining('hf download ada/tied'),
    };
    await expect(resolve('ada/tied', { hub: offline() })).rejects.toMatchObject(refusal);
    const { folder } = await resolve('ada/tied');
    await rm(join(folder, 'model.safetensors'));
    await expect(resolve('ada/tied', { hub: offline() })).rejects.toMatchObject(refusal);
    await expect(resolve('ada/tied', { hub: offline(), revision: 'v1.0' })).rejects.toMatchObject({
      code: 'hub_offline',
    });
  });
});

describe('resolveModel and names', () => {
  it.each([
    'ada/tied/extra',
    'ada tied',
    'ada/',
    '',
    'ada/..',
    'a--b/c',
    'http://hub/ada/tied',
    'ada\\tied',
  ])('does not ask the Hub about "%s"', async (name) => {
    await expect(resolve(name)).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('Did you mean a path?'),
    });
    expect(server.requests).toHaveLength(0);
  });

  it.each(['../main', 'a//b', '', 'a b', '/etc', 'refs/../../x'])(
    'does not ask the Hub about the revision "%s"',
    async (revision) => {
      await expect(resolve('ada/tied', { revision })).rejects.toMatchObject({
        code: 'revision_not_found',
      });
      expect(server.requests).toHaveLength(0);
    },
  );

  it('takes a path for a folder, under the roots only', async () => {
    const roots = [join(scratch, 'origin')];
    expect(await resolve(model, { roots })).toMatchObject({ source: 'local', folder: model });
    await expect(resolve(model)).rejects.toMatchObject({ code: 'path_not_allowed' });
    await expect(resolve('./ada/tied')).rejects.toMatchObject({ code: 'path_not_allowed' });
    expect(server.requests).toHaveLength(0);
  });

  it('tells an unknown repository from an unknown revision', async () => {
    await expect(resolve('ada/tide')).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringMatching(/Check the spelling.*set HF_TOKEN.*\.\/ada\/tide/),
    });
    const hub = settings({ token: TOKEN });
    await expect(resolve('ada/tide', { hub })).rejects.toMatchObject({ code: 'model_not_found' });
    for (const revision of ['v9', '0'.repeat(40)]) {
      await expect(resolve('ada/tied', { revision })).rejects.toMatchObject({
        code: 'revision_not_found',
      });
    }
    await expect(stat(cachePath('models--ada--tide'))).rejects.toThrow('ENOENT');
  });
});

describe('resolveModel and tokens', () => {
  beforeEach(async () => {
    await server.close();
    server = await startHubServer({ models: { 'ada/tied': model }, requireToken: TOKEN });
  });

  it('says where to accept the licence', async () => {
    for (const token of [undefined, 'hf_other']) {
      await expect(resolve('ada/tied', { hub: settings({ token }) })).rejects.toMatchObject({
        code: 'model_gated',
        message: expect.stringContaining(`${server.endpoint}/ada/tied`),
      });
    }
  });

  it('shows the token to the Hub and never to its storage', async () => {
    await resolve('ada/tied', { hub: settings({ token: TOKEN }) });
    const sent = (host: string) =>
      new Set(server.requests.filter((r) => r.host === host).map((r) => r.headers.authorization));
    expect(sent('hub')).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(sent('storage')).toEqual(new Set([undefined]));
  });

  it('does not take the refusal of the storage for a licence', async () => {
    server.fail({ kind: 'refuse', status: 403, host: 'storage', path: /./ });
    const hub = settings({ token: TOKEN });
    await expect(resolve('ada/tied', { hub })).rejects.toMatchObject({ code: 'hub_unavailable' });
  });
});

describe('resolveModel on a bad day', () => {
  const partialFiles = async () =>
    (await filesBelow(scratch)).filter((path) => path.endsWith('.incomplete'));
  const ranges = () => server.requests.filter(isStorage).map(({ headers }) => headers.range);

  it('goes on where a broken connection stopped', async () => {
    server.fail({ kind: 'drop', host: 'storage', path: /./, afterBytes: 30_000, times: 2 });
    const { files } = await resolve('ada/tied');
    const weights = files.find(({ name }) => name === 'model.safetensors');
    expect(await hashFile(weights?.path ?? '')).toBe(
      await hashFile(join(model, 'model.safetensors')),
    );
    expect(ranges()).toEqual([undefined, 'bytes=30000-', 'bytes=60000-']);
  });

  it('does not take an answer that ends early for the whole', async () => {
    server.fail({ kind: 'truncate', host: 'storage', path: /./, afterBytes: 1000, times: 1 });
    await resolve('ada/tied');
    expect(ranges()).toEqual([undefined, 'bytes=1000-']);
  });

  it('starts anew when the rest cannot be had alone', async () => {
    server.fail({ kind: 'drop', host: 'storage', path: /./, afterBytes: 30_000, times: 1 });
    server.fail({ kind: 'ignore-range', host: 'storage', path: /./, times: 1 });
    const { files } = await resolve('ada/tied');
    const weights = files.find(({ name }) => name === 'model.safetensors');
    expect(await hashFile(weights?.path ?? '')).toBe(
      await hashFile(join(model, 'model.safetensors')),
    );
  });

  it('survives more interruptions than retries as long as bytes arrive', async () => {
    server.fail({ kind: 'drop', host: 'storage', path: /./, afterBytes: 8_000, times: 9 });
    await resolve('ada/tied');
    expect(ranges()).toHaveLength(10);
  });

  it('waits for a Hub that is overloaded, but not for ever', async () => {
    server.fail({ kind: 'refuse', path: /revision/, times: 3 });
    await resolve('ada/tied');
    server.fail({ kind: 'refuse', path: /revision/ });
    await expect(resolve('ada/tied')).rejects.toMatchObject({
      code: 'hub_unavailable',
      retryable: true,
    });
  });

  it('keeps what arrived for the next process, and that one continues it', async () => {
    server.fail({ kind: 'drop', host: 'storage', path: /./, afterBytes: 40_000, times: 1 });
    server.fail({ kind: 'drop', host: 'storage', path: /./, times: 4 });
    await expect(resolve('ada/tied')).rejects.toMatchObject({ code: 'hub_unavailable' });
    expect(await partialFiles()).toHaveLength(1);
    const before = server.requests.length;
    await resolve('ada/tied');
    const later = server.requests.slice(before).filter(isStorage);
    expect(later.map(({ headers }) => headers.range)).toEqual(['bytes=40000-']);
    expect(await partialFiles()).toHaveLength(0);
  });

  it.each(['model.safetensors', 'config.json'])(
    'removes a damaged %s and can try again',
    async (name) => {
      const path = name === 'config.json' ? /config\.json/ : /./;
      const host = name === 'config.json' ? 'hub' : 'storage';
      server.fail({ kind: 'corrupt', host, path, afterBytes: 200, times: 1 });
      await expect(resolve('ada/tied')).rejects.toMatchObject({
        code: 'download_corrupt',
        retryable: true,
        context: { file: name },
      });
      const weights = await hashFile(join(model, 'model.safetensors'));
      const left = (await partialFiles()).filter(
        (partial) => name === 'model.safetensors' || !partial.includes(weights),
      );
      expect(left).toEqual([]);
      await expect(stat(cachePath('models--ada--tied', 'refs'))).rejects.toThrow('ENOENT');
      await resolve('ada/tied');
    },
  );

  it('starts anew when what was left is not the beginning of the file', async () => {
    const sha256 = await hashFile(join(model, 'model.safetensors'));
    const blobs = cachePath('models--ada--tied', 'blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256}.layersense.incomplete`), 'something else');
    await expect(resolve('ada/tied')).rejects.toMatchObject({ code: 'download_corrupt' });
    await resolve('ada/tied');
    await writeFile(join(blobs, `${sha256}.layersense.incomplete`), 'x'.repeat(200_000));
    await rm(join(blobs, sha256));
    await resolve('ada/tied');
    expect(await hashFile(join(blobs, sha256))).toBe(sha256);
  });

  it('stops at once when aborted, and gives the lock back', async () => {
    server.fail({ kind: 'hang', host: 'storage', path: /./, afterBytes: 5_000, times: 1 });
    const controller = new AbortController();
    const onProgress = ({ file, doneBytes }: SourceProgress) => {
      if (file === 'model.safetensors' && doneBytes > 0) controller.abort();
    };
    const { signal } = controller;
    await expect(resolve('ada/tied', { signal, onProgress })).rejects.toMatchObject({
      code: 'canceled',
    });
    expect((await filesBelow(scratch)).filter((path) => path.endsWith('.lock'))).toEqual([]);
    await resolve('ada/tied');
  });

  it('says that nothing answers', async () => {
    const { endpoint } = server;
    await server.close();
    await expect(resolve('ada/tied', { hub: settings({ endpoint }) })).rejects.toMatchObject({
      code: 'hub_unavailable',
      message: expect.stringMatching(/ECONNREFUSED.*HF_HUB_OFFLINE=1/),
    });
    server = await startHubServer({});
  });

  it('downloads a file once for two that ask at the same time', async () => {
    const [first, second] = await Promise.all([resolve('ada/tied'), resolve('ada/tied')]);
    expect(first).toEqual(second);
    expect(server.requests.filter(isStorage)).toHaveLength(1);
  });

  it('leaves a branch that has not moved alone, so that a read-only cache works', async () => {
    await resolve('ada/tied');
    const ref = cachePath('models--ada--tied', 'refs', 'main');
    const { ino, mtimeMs } = await stat(ref);
    await resolve('ada/tied');
    expect(await stat(ref)).toMatchObject({ ino, mtimeMs });
  });
});

describe('resolveModel and repositories that hold no usable weights', () => {
  it.each([
    ['pytorch_model.bin', 'checkpoint_missing', /safetensors/],
    ['model.gguf', 'checkpoint_missing', /GGUF/],
  ])('downloads nothing when there is only %s', async (file, code, message) => {
    await rm(join(model, 'model.safetensors'));
    await writeFile(join(model, file), 'weights');
    await expect(resolve('ada/tied')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    await expect(stat(cachePath())).rejects.toThrow('ENOENT');
  });

  it('downloads no weights without a configuration', async () => {
    await rm(join(model, 'config.json'));
    await expect(resolve('ada/tied')).rejects.toMatchObject({ code: 'config_invalid' });
    expect(server.requests.filter(isStorage)).toHaveLength(0);
  });

  it('names a shard that the repository lacks before it downloads the others', async () => {
    await rm(join(scratch, 'origin', 'sharded', 'model-00002-of-00002.safetensors'));
    await expect(resolve('ada/sharded')).rejects.toMatchObject({
      code: 'checkpoint_missing',
      context: { file: 'model-00002-of-00002.safetensors' },
    });
    expect(server.requests.filter(isStorage)).toHaveLength(0);
  });
});
