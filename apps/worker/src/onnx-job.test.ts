import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noCheckpoint } from './job-services.js';
import { runSensitivityJob } from './run-sensitivity-job.js';
import { largestRelativeError } from './test-support/parity-fixtures.js';

const fixtures = fileURLToPath(
  new URL('../../../packages/testing/fixtures/onnx/', import.meta.url),
);

interface Expected {
  readonly shapes: Readonly<Record<string, number[]>>;
  readonly cases: readonly {
    readonly loss: string;
    readonly input_ids: readonly number[][];
    readonly gradient_squared_norms: Readonly<Record<string, number[]>>;
  }[];
}

const expectedOf = (model: string): Expected =>
  JSON.parse(readFileSync(join(fixtures, model, 'expected.json'), 'utf8'));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-onnx-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A folder as exporters leave it: the files by their new names, and config.json. */
function folder(name: string, files: Readonly<Record<string, string>>, config?: object): string {
  const path = join(scratch, name);
  mkdirSync(path);
  for (const [target, source] of Object.entries(files)) {
    mkdirSync(dirname(join(path, target)), { recursive: true });
    cpSync(join(fixtures, source), join(path, target));
  }
  if (config) writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

const llama = { model_type: 'llama', architectures: ['LlamaForCausalLM'] };
const qwen3 = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] };

function score(model: string, job: object): Promise<ScoreReport> {
  const spec = JobSpec.parse({ model, device: 'cpu', ...job });
  const services = {
    allowedRoots: [scratch],
    hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
    report: () => undefined,
    checkpoint: noCheckpoint,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

function fisher(model: string, of: string, params: object = {}): Promise<ScoreReport> {
  const [first] = expectedOf(of).cases;
  const dataset = join(scratch, `${of}.jsonl`);
  const rows = first?.input_ids.map((ids) => JSON.stringify({ input_ids: ids })) ?? [];
  writeFileSync(dataset, rows.join('\n'));
  const examples = rows.length;
  return score(model, { method: 'fisher', dataset, params: { examples, ...params } });
}

function expectParity({ run, scores }: ScoreReport, of: string): void {
  const { cases, shapes } = expectedOf(of);
  const order = run.dataset?.indices ?? [];
  expect(Object.fromEntries(scores.map(({ parameter, shape }) => [parameter, shape]))).toEqual(
    shapes,
  );
  for (const { parameter, per_example: actual = [] } of scores) {
    const norms = cases[0]?.gradient_squared_norms[parameter] ?? [];
    const inOrder = order.map((index) => norms[index] ?? Number.NaN);
    expect(largestRelativeError(actual, inOrder), parameter).toBeLessThan(1e-4);
  }
}

describe('a Fisher job on an ONNX model', () => {
  it('takes the folder that optimum writes', async () => {
    const model = folder('optimum', { 'model.onnx': 'llama/torchscript-17-past.onnx' }, llama);
    const report = await fisher(model, 'llama');
    expectParity(report, 'llama');
    expect(report.run.model).toMatchObject({ model_type: 'llama', dtype: 'float32' });
    expect(report.run.model.files.map(({ name }) => name)).toEqual(['config.json', 'model.onnx']);
  });

  it('takes a repository with its files in a folder named onnx, by either name', async () => {
    const files = {
      'onnx/model.onnx': 'qwen3/dynamo-23.onnx',
      'onnx/model_other.onnx': 'qwen3/dynamo-20.onnx',
    };
    const model = folder('community', files, qwen3);
    expectParity(await fisher(model, 'qwen3', { batch_size: 1 }), 'qwen3');
    expectParity(await fisher(join(model, 'onnx/model_other.onnx'), 'qwen3'), 'qwen3');
  });

  it('reads weights from external data', async () => {
    const files = {
      'any.onnx': 'qwen3/dynamo-20-external.onnx',
      'dynamo-20-external.onnx.data': 'qwen3/dynamo-20-external.onnx.data',
    };
    const report = await fisher(folder('external', files, qwen3), 'qwen3');
    expectParity(report, 'qwen3');
    expect(report.run.model.files).toHaveLength(3);
  });

  it.each(['checkpointed', 'streamed'])('gives the same numbers by the %s plan', async (plan) => {
    const model = folder(plan, { 'model.onnx': 'llama/torchscript-17.onnx' }, llama);
    expectParity(await fisher(model, 'llama', { plan }), 'llama');
  });

  it('needs no config.json where the graph itself is a decoder', async () => {
    const model = folder('bare', { 'm.onnx': 'llama/builder-style.onnx' });
    expectParity(await fisher(join(model, 'm.onnx'), 'llama'), 'llama');
  });
});

describe('what cannot be scored', () => {
  const encoder = { model_type: 'bert', architectures: ['BertForMaskedLM'] };

  it.each([
    ['an encoder', 'bert-masked-lm/dynamo-20.onnx', encoder, 'model_type_unsupported'],
    ['a model of no known kind', 'llama/dynamo-20.onnx', undefined, 'config_invalid'],
  ] as const)('%s', async (name, source, config, code) => {
    const model = folder(name, { 'model.onnx': source }, config);
    await expect(fisher(model, 'llama')).rejects.toMatchObject({ code });
  });

  it('a model without its external data', async () => {
    const model = folder('lost', { 'model.onnx': 'qwen3/dynamo-20-external.onnx' }, qwen3);
    await expect(fisher(model, 'qwen3')).rejects.toMatchObject({ code: 'checkpoint_missing' });
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
        score(folder(`magnitude-${file}`, { 'model.onnx': `llama/${file}.onnx` }, llama), {
          method: 'magnitude',
        }),
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
    for (const other of others) expect(other).toEqual(first);
  });
});
