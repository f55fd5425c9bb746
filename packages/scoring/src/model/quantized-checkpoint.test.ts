import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';
import { storeTensors, type ZeroTensor } from '../test-support/stored-tensors.js';

const fixtures = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/', import.meta.url),
);
const QUERY = 'model.layers.0.self_attn.q_proj';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-quantized-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A tiny Llama with these tensors in the place of its own, and these keys in its config.json. */
async function model(
  tensors: Readonly<Record<string, ZeroTensor | undefined>>,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'model-'));
  await cp(join(fixtures, 'llama-tied'), folder, { recursive: true });
  await storeTensors(join(folder, 'model.safetensors'), tensors);
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...keys }));
  return folder;
}

async function run(request: Readonly<Record<string, unknown>>): Promise<ScoreReport> {
  return runSensitivityJob(
    JobSpec.parse({ device: 'cpu', ...request }),
    {
      allowedRoots: [scratch],
      hub: hubSettingsFromEnvironment({ HF_HOME: join(scratch, 'hub'), HF_HUB_OFFLINE: '1' }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
    },
    new AbortController().signal,
  );
}

const methods = ['fisher', 'magnitude'] as const;

/** Either method on the model; Fisher on one example of token ids. */
async function score(method: (typeof methods)[number], folder: string): Promise<ScoreReport> {
  if (method === 'magnitude') return run({ method, model: folder });
  const dataset = join(folder, 'rows.jsonl');
  await writeFile(dataset, '{"input_ids": [1, 2, 3]}\n');
  return run({ method, model: folder, dataset, params: { examples: 1 } });
}

const float8 = (...shape: number[]): ZeroTensor => ({
  type: 'F8_E4M3',
  shape,
  bytes: shape.reduce((product, size) => product * size, 1),
});
const float32 = (...shape: number[]): ZeroTensor => ({
  type: 'F32',
  shape,
  bytes: 4 * shape.reduce((product, size) => product * size, 1),
});
const int32 = (...shape: number[]): ZeroTensor => ({ ...float32(...shape), type: 'I32' });

describe.each(methods)('%s', (method) => {
  it('refuses FP8 weights and does not rank their scales', async () => {
    const folder = await model(
      { [`${QUERY}.weight`]: float8(32, 32), [`${QUERY}.weight_scale_inv`]: float32(1, 1) },
      { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } },
    );
    await expect(score(method, folder)).rejects.toMatchObject({
      code: 'dtype_unsupported',
      message: expect.stringMatching(
        /q_proj\.weight is stored as F8_E4M3.*quant_method fp8, weight_block_size 128x128/,
      ),
    });
  });

  it('refuses GPTQ and names one of its tensors', async () => {
    const folder = await model(
      {
        [`${QUERY}.weight`]: undefined,
        [`${QUERY}.qweight`]: int32(4, 32),
        [`${QUERY}.qzeros`]: int32(1, 4),
        [`${QUERY}.scales`]: float32(1, 32),
      },
      { quantization_config: { quant_method: 'gptq', bits: 4 } },
    );
    await expect(score(method, folder)).rejects.toMatchObject({
      code: 'dtype_unsupported',
      message: expect.stringMatching(/q_proj\.qweight is stored as I32.*quant_method gptq, bits 4/),
    });
  });

  it('takes what is no parameter for none', async () => {
    const folder = await model({
      'model.position_ids': { type: 'I64', shape: [1, 8], bytes: 64 },
      'model.layers.0.attn.bias': { type: 'U8', shape: [1, 1, 8, 8], bytes: 64 },
      'model.layers.1.attn.bias': { type: 'U8', shape: [1, 1, 8, 8], bytes: 64 },
    });
    const { scores, run: record } = await score(method, folder);
    const names = scores.map(({ parameter }) => parameter);
    expect(names).toContain(`${QUERY}.weight`);
    expect(names.filter((name) => /position_ids|attn\.bias/.test(name))).toEqual([]);
    expect(record.model.dtype).toBe('float32');
  });
});

it('says in the record which tensors magnitude left out', async () => {
  const folder = await model({
    'model.position_ids': { type: 'I64', shape: [1, 8], bytes: 64 },
    'model.layers.0.attn.bias': { type: 'U8', shape: [1, 1, 8, 8], bytes: 64 },
    'model.layers.1.attn.bias': { type: 'U8', shape: [1, 1, 8, 8], bytes: 64 },
  });
  const { run: record } = await score('magnitude', folder);
  expect(record.definition).toMatch(
    /; not scored, being no parameters of their own: model\.position_ids, model\.layers\.\*\.attn\.bias \(2\)$/,
  );
});

it('ranks no tensor whose meaning magnitude does not know', async () => {
  const folder = await model({ d2t: int32(8) });
  await expect(score('magnitude', folder)).rejects.toMatchObject({
    code: 'dtype_unsupported',
    message: expect.stringContaining('d2t is stored as I32'),
  });
});
