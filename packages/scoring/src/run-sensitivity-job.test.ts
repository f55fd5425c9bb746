import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type Progress, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { largestDifference, perExampleOf, startHubServer } from '@layersense/testing';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from './job-services.js';
import { runSensitivityJob } from './run-sensitivity-job.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const demoModel = join(root, 'demo/model');
const arithmetic = join(root, 'demo/datasets/arithmetic.jsonl');
const tinyLlama = join(root, 'packages/testing/fixtures/checkpoints/llama-tied');

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-job-'));
});
afterAll(() => rm(scratch, { recursive: true }));

interface Options {
  readonly endpoint?: string;
  readonly progress?: Progress[];
  readonly signal?: AbortSignal;
  readonly allowedRoots?: readonly string[];
}

function run(request: Record<string, unknown>, options: Options = {}): Promise<ScoreReport> {
  const { endpoint, progress = [], signal = new AbortController().signal } = options;
  const spec = JobSpec.parse({ device: 'cpu', ...request });
  return runSensitivityJob(
    spec,
    {
      allowedRoots: options.allowedRoots ?? [root, scratch],
      hub: hubSettingsFromEnvironment({
        HF_HOME: join(scratch, 'hub'),
        ...(endpoint === undefined ? { HF_HUB_OFFLINE: '1' } : { HF_ENDPOINT: endpoint }),
      }),
      report: (update) => progress.push(update),
      finishedBatches: noFinishedBatches,
      threads: 1,
    },
    signal,
  );
}

const fisher = (model: string, dataset: string, params: Record<string, unknown> = {}) => ({
  method: 'fisher',
  model,
  dataset,
  params: { examples: 8, ...params },
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(scratch, name);
  await writeFile(path, content);
  return path;
}

const tokenIds = (...examples: number[][]) =>
  examples.map((ids) => JSON.stringify({ input_ids: ids })).join('\n');

describe('a fisher job', () => {
  it('reports progress in order, and everything needed to repeat it', async () => {
    const progress: Progress[] = [];
    const { run: record, scores } = await run(fisher(demoModel, arithmetic), { progress });
    const phases = progress.map(({ phase }) => phase);
    expect([...new Set(phases)]).toEqual([
      'resolving',
      'loading',
      'tokenizing',
      'building',
      'computing',
      'saving',
    ]);
    const computing = progress.filter(({ phase }) => phase === 'computing');
    expect(computing.at(0)).toMatchObject({ done: 0, total: 8, eta_seconds: null });
    expect(computing.at(-1)).toMatchObject({ done: 8, total: 8, eta_seconds: 0 });

    expect(record).toMatchObject({
      method: 'fisher',
      loss: 'token-mean',
      labels: 'data',
      device: 'cpu',
      plan: 'whole',
      arithmetic: 'float32',
      model: { model_type: 'llama', parameters: 3_129_792, dtype: 'bfloat16' },
      dataset: { examples: 8 },
      engine: { name: 'layersense', onnxruntime: '1.30.0' },
    });
    expect(record.definition).toContain('‖∂ℓₙ/∂W‖²');
    expect(record.model.files.map(({ name }) => name)).toContain('model.safetensors');
    expect(record.dataset?.indices).toHaveLength(8);
    expect(record.peak_memory_bytes).toBeGreaterThan(0);
    expect(scores.map(({ rank }) => rank).sort((a, b) => a - b)).toEqual(
      scores.map((_, i) => i + 1),
    );
  });

  it('gives every example the same norms whatever the batch size and the draw', async () => {
    const few = await run(fisher(demoModel, arithmetic, { batch_size: 1 }));
    const many = await run(fisher(demoModel, arithmetic, { examples: 72, seed: 7 }));
    expect(largestDifference(few, many)).toBeLessThan(1e-5);
    expect(few.run.identity).not.toBe(many.run.identity);
  });

  it('draws labels from the model by seed, whatever the batch size', async () => {
    const drawn = { labels: 'model', examples: 6 };
    const one = await run(fisher(demoModel, arithmetic, { ...drawn, batch_size: 1 }));
    const all = await run(fisher(demoModel, arithmetic, drawn));
    expect(largestDifference(one, all)).toBeLessThan(1e-5);
    expect(one.run.identity).toBe(all.run.identity);
    const data = await run(fisher(demoModel, arithmetic, { examples: 6 }));
    expect(one.scores[0]?.values.sum).not.toBeCloseTo(data.scores[0]?.values.sum ?? 0, 3);
  });

  it('stops at once when it is canceled', async () => {
    const controller = new AbortController();
    const progress: Progress[] = [];
    const running = run(fisher(demoModel, arithmetic, { examples: 72, batch_size: 1 }), {
      progress: Object.assign(progress, {
        push: (update: Progress) => {
          if (update.phase === 'computing' && update.done > 0) controller.abort();
          return 0;
        },
      }),
      signal: controller.signal,
    });
    await expect(running).rejects.toMatchObject({ code: 'canceled' });
  });
});

describe('a magnitude job', () => {
  it('measures every parameter once, a tied head not again', async () => {
    const progress: Progress[] = [];
    const request = { method: 'magnitude', model: demoModel };
    const { run: record, scores } = await run(request, { progress });
    const layers = progress.filter(({ phase }) => phase === 'computing').map(({ layer }) => layer);
    expect(layers.pop()).toBeNull();
    expect(layers.toSorted()).toEqual(scores.map(({ parameter }) => parameter).toSorted());
    expect(record).toMatchObject({ dataset: null, loss: null, engine: { onnxruntime: null } });
    expect(scores.map(({ parameter }) => parameter)).not.toContain('lm_head.weight');
    const norm = scores.find(({ parameter }) => parameter === 'model.norm.weight');
    const { l1 = 0, l2_squared = 0, mean_abs, max_abs } = norm?.values ?? {};
    expect(norm?.numel).toBe(192);
    expect(mean_abs).toBeCloseTo((l1 ?? 0) / 192, 12);
    expect((l1 ?? 0) ** 2 / 192).toBeLessThanOrEqual((l2_squared ?? 0) * (1 + 1e-12));
    expect(max_abs).toBeGreaterThanOrEqual(mean_abs ?? 0);
  });

  it('takes architectures that Fisher does not', async () => {
    const model = join(scratch, 'unknown-architecture');
    await cp(tinyLlama, model, { recursive: true });
    await writeFile(join(model, 'config.json'), '{"model_type": "mystery"}');
    const { scores } = await run({ method: 'magnitude', model });
    expect(scores.length).toBeGreaterThan(10);
    await expect(run(fisher(model, arithmetic))).rejects.toMatchObject({
      code: 'model_type_unsupported',
      message: expect.stringContaining('gpt2, llama, '),
    });
  });
});

describe('from the Hub', () => {
  it('scores a downloaded model on a named set, and again from the cache', async () => {
    const dataset = join(scratch, 'gsm8k');
    await mkdir(join(dataset, 'main'), { recursive: true });
    const questions = Array.from({ length: 12 }, (_, i) => `What is ${i} plus ${i + 1}, and why?`);
    const columnData = [
      { name: 'question', data: questions },
      { name: 'answer', data: questions.map((_, i) => `It is #### ${2 * i + 1}`) },
    ];
    const parquet = new Uint8Array(parquetWriteBuffer({ columnData }));
    await writeFile(join(dataset, 'main/train-00000-of-00001.parquet'), parquet);
    const hub = await startHubServer({
      models: { 'acme/demo': demoModel },
      datasets: { 'openai/gsm8k': dataset },
    });
    const { endpoint } = hub;
    const question = await run(fisher('acme/demo', 'gsm8k'), { endpoint });
    expect(question.run.model).toMatchObject({
      name: 'acme/demo',
      revision: await hub.commitOf('acme/demo'),
    });
    expect(question.run.dataset).toMatchObject({
      name: 'gsm8k',
      split: 'train',
      revision: await hub.commitOf('openai/gsm8k'),
    });
    const both = {
      ...fisher('acme/demo', 'gsm8k'),
      dataset: { name: 'gsm8k', format: 'question-answer' },
    };
    const answered = await run(both, { endpoint });
    expect(answered.run.dataset?.tokens).toBeGreaterThan(question.run.dataset?.tokens ?? 0);
    await hub.close();

    const offline = await run(fisher('acme/demo', 'gsm8k'));
    expect(perExampleOf(offline)).toEqual(perExampleOf(question));
  });
});

describe('bad input', () => {
  it.each([
    ['a set that nobody named', 'gsm9k', 'dataset_not_found', 'gsm8k, wikitext, math'],
    ['a file outside the roots', '/etc/hosts.txt', 'path_not_allowed', 'allowed roots'],
    ['a file that is not there', './demo/nothing.jsonl', 'dataset_not_found', 'nothing.jsonl'],
  ])('%s', async (_, dataset, code, words) => {
    const message = expect.stringContaining(words);
    await expect(run(fisher(demoModel, dataset))).rejects.toMatchObject({ code, message });
  });

  it('a line that is no JSON, by its number', async () => {
    const dataset = await file('broken.jsonl', '{"text": "one two three"}\n{"text": oops}\n');
    await expect(run(fisher(demoModel, dataset))).rejects.toMatchObject({
      code: 'dataset_malformed',
      message: expect.stringMatching(/line 2/),
    });
  });

  it('examples that are all too short', async () => {
    const dataset = await file('short.jsonl', tokenIds([1], [2]));
    await expect(run(fisher(demoModel, dataset))).rejects.toMatchObject({ code: 'dataset_empty' });
  });

  it('text for a model without a tokenizer', async () => {
    await expect(run(fisher(tinyLlama, arithmetic))).rejects.toMatchObject({
      code: 'tokenizer_missing',
    });
  });

  it('token ids of another vocabulary', async () => {
    const dataset = await file('foreign.jsonl', tokenIds([1, 2, 3], [4, 99_999]));
    await expect(run(fisher(tinyLlama, dataset))).rejects.toMatchObject({
      code: 'token_out_of_range',
      context: { token: 99_999 },
    });
  });

  it('a model outside the roots, also behind a symbolic link', async () => {
    const allowed = join(scratch, 'allowed');
    await mkdir(allowed);
    await symlink(demoModel, join(allowed, 'link'));
    for (const model of [demoModel, join(allowed, 'link')]) {
      const running = run(fisher(model, arithmetic), { allowedRoots: [allowed] });
      await expect(running).rejects.toMatchObject({ code: 'path_not_allowed' });
    }
  });

  it('a truncated checkpoint', async () => {
    const model = join(scratch, 'truncated');
    await cp(tinyLlama, model, { recursive: true });
    await truncate(join(model, 'model.safetensors'), 20_000);
    const dataset = await file('ids.jsonl', tokenIds([1, 2, 3]));
    await expect(run(fisher(model, dataset))).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });

  it('a configuration that does not fit the tensors', async () => {
    const model = join(scratch, 'misfit');
    await cp(tinyLlama, model, { recursive: true });
    const config = JSON.parse(await readFile(join(tinyLlama, 'config.json'), 'utf8'));
    const dataset = await file('ids.jsonl', tokenIds([1, 2, 3]));
    const variants = [
      [{ hidden_size: 2 * config.hidden_size }, 'tensor_mismatch'],
      [{ num_hidden_layers: 9 }, 'tensor_missing'],
      [{ vocab_size: undefined }, 'config_invalid'],
      [{ rope_parameters: { rope_type: 'axial', factor: 4 } }, 'model_type_unsupported'],
    ] as const;
    for (const [change, code] of variants) {
      await writeFile(join(model, 'config.json'), JSON.stringify({ ...config, ...change }));
      await expect(run(fisher(model, dataset))).rejects.toMatchObject({ code });
    }
  });

  it('a weight that is not finite, by name', async () => {
    const model = join(scratch, 'poisoned');
    await cp(tinyLlama, model, { recursive: true });
    const weights = join(model, 'model.safetensors');
    const bytes = await readFile(weights);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString());
    const [start] = header['model.layers.1.mlp.down_proj.weight'].data_offsets;
    bytes.writeFloatLE(Number.NaN, 8 + headerLength + start + 16);
    await writeFile(weights, bytes);
    const dataset = await file('ids.jsonl', tokenIds([1, 2, 3], [4, 5, 6]));
    await expect(run(fisher(model, dataset))).rejects.toMatchObject({
      code: 'non_finite_weight',
      context: { parameter: 'model.layers.1.mlp.down_proj.weight', element: 4 },
    });
    await expect(run({ method: 'magnitude', model })).rejects.toMatchObject({
      code: 'non_finite_weight',
      context: { parameter: 'model.layers.1.mlp.down_proj.weight', element: 4 },
    });
  });
});
