import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classifierConfig, maskedLmConfig } from './test-support/bert-files.js';
import { expectedOf, expectParity, OnnxJobs } from './test-support/onnx-jobs.js';
import { type FloatTensor, onnxWeights, writeSafetensors } from './test-support/safetensors.js';

const jobs = new OnnxJobs();

const sizes = {
  vocab_size: 56,
  hidden_size: 24,
  intermediate_size: 40,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  id2label: { 0: 'bad', 1: 'fair', 2: 'good' },
};

let folders = 0;

/** The weights of an ONNX fixture as a checkpoint. */
async function checkpoint(
  of: string,
  config: object,
  rename: (name: string) => string = (name) => name,
): Promise<string> {
  folders += 1;
  const source = jobs.folder(`onnx-${folders}`, { 'model.onnx': `${of}/torchscript-17.onnx` });
  const tensors = await onnxWeights(source, 'model.onnx');
  const folder = jobs.folder(`checkpoint-${folders}`, {}, { ...sizes, ...config });
  const renamed = tensors.map((tensor): FloatTensor => ({ ...tensor, name: rename(tensor.name) }));
  writeSafetensors(join(folder, 'model.safetensors'), renamed);
  return folder;
}

describe.each([
  ['bert-classifier', classifierConfig, 'class'],
  ['bert-masked-lm', maskedLmConfig, 'masked-token-mean'],
] as const)('a checkpoint with the weights of %s', (of, config, loss) => {
  it.each([{}, { batch_size: 1 }, { plan: 'streamed' }])('has its values: %j', async (params) => {
    const report = await jobs.fisher(await checkpoint(of, config), of, params);
    expect(report.run).toMatchObject({ loss, model: { model_type: 'bert' } });
    expectParity(report, of);
  });

  it('has them under the names that conversion from TensorFlow gave to norms', async () => {
    const converted = await checkpoint(of, config, (name) =>
      name
        .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
        .replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
    );
    expectParity(await jobs.fisher(converted, of), of);
  });
});

it('names a head that cannot be scored, and the tensor of one that is not there', async () => {
  const pretraining = { ...maskedLmConfig, architectures: ['BertForPreTraining'] };
  await expect(
    jobs.fisher(await checkpoint('bert-masked-lm', pretraining), 'bert-masked-lm'),
  ).rejects.toMatchObject({
    code: 'model_type_unsupported',
    message: expect.stringContaining('BertForPreTraining'),
  });
  const headless = await checkpoint('bert-masked-lm', classifierConfig);
  await expect(jobs.fisher(headless, 'bert-classifier')).rejects.toMatchObject({
    code: 'tensor_missing',
    message: expect.stringContaining('bert.pooler.dense.weight'),
  });
  expect(Object.keys(expectedOf('bert-masked-lm').shapes)).not.toContain(
    'bert.pooler.dense.weight',
  );
});
