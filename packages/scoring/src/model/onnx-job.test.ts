import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ScoreReport } from '@layersense/contracts';
import { largestRelativeError, nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { expectedOf, expectParity, OnnxJobs } from '../test-support/onnx-jobs.js';

const jobs = new OnnxJobs();

const llama = { model_type: 'llama', architectures: ['LlamaForCausalLM'] };
const qwen3 = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] };

describe('a Fisher job on an ONNX model', () => {
  it('takes the folder that optimum writes', async () => {
    const model = jobs.folder('optimum', { 'model.onnx': 'llama/torchscript-17-past.onnx' }, llama);
    const report = await jobs.fisher(model, 'llama');
    expectParity(report, 'llama');
    expect(report.run.model).toMatchObject({ model_type: 'llama', dtype: 'float32' });
    expect(report.run.model.files.map(({ name }) => name)).toEqual(['config.json', 'model.onnx']);
  });

  it('takes a repository with its files in a folder named onnx, by either name', async () => {
    const files = {
      'onnx/model.onnx': 'qwen3/dynamo-23.onnx',
      'onnx/model_other.onnx': 'qwen3/dynamo-20.onnx',
    };
    const model = jobs.folder('community', files, qwen3);
    expectParity(await jobs.fisher(model, 'qwen3', { batch_size: 1 }), 'qwen3');
    expectParity(await jobs.fisher(join(model, 'onnx/model_other.onnx'), 'qwen3'), 'qwen3');
  });

  it('reads weights from external data', async () => {
    const files = {
      'any.onnx': 'qwen3/dynamo-20-external.onnx',
      'dynamo-20-external.onnx.data': 'qwen3/dynamo-20-external.onnx.data',
    };
    const report = await jobs.fisher(jobs.folder('external', files, qwen3), 'qwen3');
    expectParity(report, 'qwen3');
    expect(report.run.model.files).toHaveLength(3);
  });

  it('reads weights from external data in a folder below', async () => {
    const below = 'weights/0-external.onnx.data';
    const files = {
      'any.onnx': 'qwen3/dynamo-20-external.onnx',
      [below]: 'qwen3/dynamo-20-external.onnx.data',
    };
    const model = jobs.folder('external-below', files, qwen3);
    // The two names are equally long, so the file stays a ProtoBuf message.
    const file = readFileSync(join(model, 'any.onnx'), 'latin1');
    const renamed = file.replaceAll('dynamo-20-external.onnx.data', below);
    writeFileSync(join(model, 'any.onnx'), renamed, 'latin1');
    for (const plan of ['whole', 'streamed']) {
      expectParity(await jobs.fisher(model, 'qwen3', { plan }), 'qwen3');
    }
  });

  it.each(['checkpointed', 'streamed'])('gives the same numbers by the %s plan', async (plan) => {
    const model = jobs.folder(plan, { 'model.onnx': 'llama/torchscript-17.onnx' }, llama);
    expectParity(await jobs.fisher(model, 'llama', { plan }), 'llama');
  });

  it('needs no config.json where the graph itself is a decoder', async () => {
    const model = jobs.folder('bare', { 'm.onnx': 'llama/builder-style.onnx' });
    expectParity(await jobs.fisher(join(model, 'm.onnx'), 'llama'), 'llama');
  });
});

describe("files of onnxruntime-genai's model builder", () => {
  /** The folder that it writes, which has no config.json. */
  const builderFolder = (name: string, file: string) =>
    jobs.folder(
      name,
      { 'model.onnx': `${file}.onnx`, [`${basename(file)}.onnx.data`]: `${file}.onnx.data` },
      undefined,
      { 'genai_config.json': { model: { type: 'qwen3' } }, 'tokenizer_config.json': {} },
    );

  it('are taken as it leaves them', async () => {
    const model = builderFolder('genai', 'qwen3/genai-fp32-cpu');
    const report = await jobs.fisher(model, 'qwen3');
    expectParity(report, 'qwen3');
    expect(report.run.model.files.map(({ name }) => name)).toEqual([
      'tokenizer_config.json',
      'model.onnx',
      'genai-fp32-cpu.onnx.data',
    ]);
  });

  it.each([
    ['qwen3/genai-int4-cpu-asymmetric', 'float32, int4'],
    ['qwen3/genai-int4-cpu-gather', 'float32, int4'],
    ['llama/genai-fp16-cpu', 'float16'],
  ])('have the scores of what they compute with: %s', async (file, dtype) => {
    const model = builderFolder(basename(file), file);
    for (const plan of ['whole', 'checkpointed', 'streamed']) {
      const report = await jobs.fisher(model, file, { plan });
      expectParity(report, file);
      expect(report.run.model.dtype).toBe(dtype);
    }
    const { scores } = await jobs.score(model, { method: 'magnitude' });
    const { l1 = {} } = expectedOf(file);
    expect(scores.map(({ parameter }) => parameter).sort()).toEqual(Object.keys(l1).sort());
    for (const { parameter, values } of nonEmpty(scores)) {
      expect(
        largestRelativeError([Number(values.l1)], [l1[parameter] ?? Number.NaN]),
        parameter,
      ).toBeLessThan(1e-6);
    }
  });
});

describe('what cannot be scored', () => {
  const encoder = { model_type: 'bert', architectures: ['BertModel'] };

  it.each([
    [
      'an encoder without a head',
      'bert-masked-lm/dynamo-20.onnx',
      encoder,
      'model_type_unsupported',
    ],
    ['a model of no known kind', 'llama/dynamo-20.onnx', undefined, 'config_invalid'],
  ] as const)('%s', async (name, source, config, code) => {
    const model = jobs.folder(name, { 'model.onnx': source }, config);
    await expect(jobs.fisher(model, 'llama')).rejects.toMatchObject({ code });
  });

  it('a model without its external data', async () => {
    const model = jobs.folder('lost', { 'model.onnx': 'qwen3/dynamo-20-external.onnx' }, qwen3);
    await expect(jobs.fisher(model, 'qwen3')).rejects.toMatchObject({ code: 'checkpoint_missing' });
  });
});

describe('a magnitude job on an ONNX model', () => {
  it('gives every export of a model the same scores', async () => {
    const files = [
      'torchscript-17',
      'dynamo-20',
      'dynamo-20-unoptimized',
      'torchscript-17-float16',
    ];
    const reports = await Promise.all(
      files.map((file) =>
        jobs.score(
          jobs.folder(`magnitude-${file}`, { 'model.onnx': `llama/${file}.onnx` }, llama),
          {
            method: 'magnitude',
          },
        ),
      ),
    );
    const table = ({ scores }: ScoreReport) =>
      Object.fromEntries(
        scores.map(({ parameter, shape, values }) => {
          const rounded = Object.entries(values).map(([k, v]) => [k, Number(v).toPrecision(9)]);
          return [parameter, { shape, ...Object.fromEntries(rounded) }];
        }),
      );
    const [first, ...others] = reports.map(table);
    expect(Object.keys(first ?? {}).sort()).toEqual(Object.keys(expectedOf('llama').shapes).sort());
    for (const other of nonEmpty(others)) expect(other).toEqual(first);
  });
});
