import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from './open-checkpoint.js';
import { readTensor } from './read-tensor.js';
import { requireTensor } from './require-tensor.js';

const fixtures = fileURLToPath(new URL('../../testing/fixtures/checkpoints/', import.meta.url));
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const INDEX = 'model.safetensors.index.json';

let scratch: string;
let folder: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-checkpoint-'));
});
afterAll(() => rm(scratch, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'model-'));
});

const copyFixture = (name: string) => cp(join(fixtures, name), folder, { recursive: true });

async function editIndex(edit: (weightMap: Record<string, string>) => void): Promise<void> {
  const index = JSON.parse(await readFile(join(folder, INDEX), 'utf8'));
  edit(index.weight_map);
  await writeFile(join(folder, INDEX), JSON.stringify(index));
}

describe('openCheckpoint', () => {
  it('opens a single file', async () => {
    const checkpoint = await openCheckpoint(join(fixtures, 'llama-tied'));
    expect(checkpoint.config).toMatchObject({ model_type: 'llama', tie_word_embeddings: true });
    expect(checkpoint.tensors.get('model.embed_tokens.weight')).toMatchObject({
      file: 'model.safetensors',
      dtype: 'float32',
      shape: [64, 32],
    });
    expect(basename(checkpoint.weightsFolder)).toBe('llama-tied');
    expect(checkpoint.files.map(({ name }) => name)).toEqual(['config.json', 'model.safetensors']);
    const norm = requireTensor(checkpoint, 'model.norm.weight');
    const values = await readTensor(checkpoint.weightsFolder, norm);
    expect(values).toHaveLength(32);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('opens shards, each tensor where the index says', async () => {
    const { tensors, files } = await openCheckpoint(join(fixtures, 'qwen2-untied'));
    expect(tensors.get('lm_head.weight')?.file).toBe(SHARDS[1]);
    expect(tensors.get('model.embed_tokens.weight')?.file).toBe(SHARDS[0]);
    expect(files.map(({ name }) => name).sort()).toEqual(['config.json', ...SHARDS, INDEX].sort());
  });

  it('reads the numbers of config.json that Python writes for what is not finite', async () => {
    await copyFixture('llama-tied');
    const path = join(folder, 'config.json');
    const text = await readFile(path, 'utf8');
    const added = `"time_step_limit": [0.0, Infinity], "note": "NaN, -Infinity", "low": {"__float__": "-Infinity"}`;
    await writeFile(path, text.replace('{', `{${added},`));
    const { config } = await openCheckpoint(folder);
    expect(config).toMatchObject({
      model_type: 'llama',
      time_step_limit: [0, Number.POSITIVE_INFINITY],
      note: 'NaN, -Infinity',
      low: Number.NEGATIVE_INFINITY,
    });
  });

  it.each([
    ['config.json', 'config_invalid'],
    ['model.safetensors', 'checkpoint_invalid'],
  ])('says that %s is a Git LFS pointer', async (name, code) => {
    await copyFixture('llama-tied');
    await writeFile(
      join(folder, name),
      'version https://git-lfs.github.com/spec/v1\noid sha256:c9a7a4f5b4ba8e6a\nsize 988097824\n',
    );
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`${name} is a Git LFS pointer.*git lfs pull`)),
    });
  });

  it('lists tokenizer files', async () => {
    await copyFixture('llama-tied');
    await writeFile(join(folder, 'tokenizer.json'), '{}');
    const { tokenizerFiles } = await openCheckpoint(folder);
    expect(tokenizerFiles).toEqual([
      { name: 'tokenizer.json', path: join(folder, 'tokenizer.json'), bytes: 2 },
    ]);
  });

  it('names the real files and folder behind the links of a Hub snapshot', async () => {
    await copyFixture('qwen2-untied');
    const blobs = join(folder, 'blobs');
    await mkdir(blobs);
    for (const [number, shard] of SHARDS.entries()) {
      await rename(join(folder, shard), join(blobs, `blob${number}`));
      await symlink(`blobs/blob${number}`, join(folder, shard));
    }
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.weightsFolder).toBe(blobs);
    const head = requireTensor(checkpoint, 'lm_head.weight');
    expect(head.file).toBe('blob1');
    expect(await readTensor(checkpoint.weightsFolder, head)).toHaveLength(64 * 32);
  });

  it('refuses shards behind links into different folders', async () => {
    await copyFixture('qwen2-untied');
    await mkdir(join(folder, 'elsewhere'));
    await rename(join(folder, SHARDS[0]), join(folder, 'elsewhere', SHARDS[0]));
    await symlink(`elsewhere/${SHARDS[0]}`, join(folder, SHARDS[0]));
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint_invalid',
      message: expect.stringContaining('2 different folders'),
    });
  });

  it('refuses a folder without a configuration, or with a malformed one', async () => {
    await copyFixture('llama-tied');
    await writeFile(join(folder, 'config.json'), '{"model_type": ');
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'config_invalid' });
    await rm(join(folder, 'config.json'));
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it.each([
    ['pytorch_model.bin', /pytorch_model\.bin.*[Cc]onvert them to safetensors/],
    ['model.Q4_K_M.gguf', /GGUF/],
    ['adapter_model.safetensors', /adapter/],
    ['readme.md', /neither model\.safetensors nor/],
  ])('says what to do when there is only %s', async (file, message) => {
    await writeFile(join(folder, 'config.json'), '{}');
    await writeFile(join(folder, file), '');
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint_missing',
      message: expect.stringMatching(message),
    });
  });

  it('names a missing shard', async () => {
    await copyFixture('qwen2-untied');
    await rm(join(folder, SHARDS[1]));
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint_missing',
      message: expect.stringContaining(SHARDS[1]),
    });
  });

  it('refuses an index that disagrees with the shards', async () => {
    await copyFixture('qwen2-untied');
    await editIndex((weightMap) => {
      weightMap['lm_head.weight'] = SHARDS[0];
    });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint_invalid',
      context: { tensor: 'lm_head.weight', file: SHARDS[0] },
    });
  });

  it('leaves out what the index does not list', async () => {
    await copyFixture('qwen2-untied');
    await editIndex((weightMap) => {
      delete weightMap['lm_head.weight'];
    });
    expect((await openCheckpoint(folder)).tensors.has('lm_head.weight')).toBe(false);
  });

  it.each([
    '../outside.safetensors',
    '/etc/outside.safetensors',
    'a\\b.safetensors',
    '../x',
    'x.bin',
  ])('refuses an index that leads to %s', async (shard) => {
    await copyFixture('qwen2-untied');
    await editIndex((weightMap) => {
      weightMap['lm_head.weight'] = shard;
    });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });

  it.each([
    '[]',
    '{"weight_map": 3}',
    '{"weight_map": {}}',
    '{"weight_map": {"a": 1}}',
    'null',
    '{',
  ])('refuses the index %s', async (index) => {
    await copyFixture('qwen2-untied');
    await writeFile(join(folder, INDEX), index);
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('requireTensor', () => {
  const ref = { file: 'w', offset: 0, length: 1, dtype: 'int8', shape: [1] } as const;
  const checkpoint = { tensors: new Map([['ids', ref]]), unsupported: new Map([['w', 'F8_E4M3']]) };

  it.each([
    ['gone', 'tensor_missing', /no tensor gone/],
    ['ids', 'dtype_unsupported', /ids is stored as int8/],
    ['w', 'dtype_unsupported', /w is stored as F8_E4M3/],
  ])('refuses %s as %s', (name, code, message) => {
    expect(() => requireTensor(checkpoint, name)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
