import { join } from 'node:path';
import { type Checkpoint, openCheckpoint } from '@layersense/model-source';
import { type BatchShape, buildForward, parseModel } from '@layersense/models';
import { encodeModel, estimateMemory } from '@layersense/onnx-ir';
import { startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph, type SensitivityGraph } from '@layersense/sensitivity';
import { largestRelativeError, nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { classifierConfig, maskedLmConfig } from '../test-support/bert-files.js';
import { OnnxExpected, onnxFeeds } from '../test-support/onnx-feeds.js';
import { expectedOf, expectParity, OnnxJobs } from '../test-support/onnx-jobs.js';
import { type FloatTensor, onnxWeights, writeSafetensors } from '../test-support/safetensors.js';

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
    const magnitude = await jobs.score(converted, { method: 'magnitude' });
    const { scores } = await jobs.score(await checkpoint(of, config), { method: 'magnitude' });
    expect(magnitude.scores).toEqual(scores);
    expect(scores.map(({ parameter }) => parameter).sort()).toEqual(
      Object.keys(expectedOf(of).shapes).sort(),
    );
  });
});

describe('the masked language model with its head in chunks of the vocabulary', () => {
  const [parityCase] = OnnxExpected.parse(expectedOf('bert-masked-lm')).cases;
  const examples = parityCase?.input_ids.length ?? 0;
  const graphOf =
    ({ config, tensors }: Pick<Checkpoint, 'config' | 'tensors'>, shape: BatchShape) =>
    (chunkElements?: number) =>
      buildSensitivityGraph(buildForward(parseModel(config), tensors, shape), {
        labels: 'data',
        ...(chunkElements === undefined ? {} : { chunkElements }),
      });

  it('has the values of PyTorch', async () => {
    const opened = await openCheckpoint(await checkpoint('bert-masked-lm', maskedLmConfig));
    const shape = { batch: examples, length: 24 };
    const { graph, parameters, lossOutput } = graphOf(opened, shape)(10 * examples * 24);
    expect([...graph.initializers.keys()]).toContain('cls.predictions.bias[48:56]');
    const compute = await startComputeProcess();
    const { weightsFolder } = opened;
    const session = await compute.openSession(encodeModel(graph), { device: 'cpu', weightsFolder });
    if (!parityCase) throw new Error('there is no case');
    const { outputs } = await session.run(onnxFeeds(parityCase, shape.length));
    await compute.close();
    const values = (name: string) => outputs[name]?.data as Float32Array;
    expect(largestRelativeError(values(lossOutput), parityCase.losses)).toBeLessThan(1e-5);
    for (const { name, output } of nonEmpty(parameters)) {
      const norms = parityCase.gradient_squared_norms[name];
      expect(largestRelativeError(values(output), norms), name).toBeLessThan(1e-4);
    }
  });

  it('needs no more memory for a vocabulary of many more entries', async () => {
    const opened = await openCheckpoint(await checkpoint('bert-masked-lm', maskedLmConfig));
    const ofVocabulary = (vocabulary: number) => {
      const tensors = new Map(
        [...opened.tensors].map(([name, ref]) => {
          const shape = ref.shape.map((size) => (size === sizes.vocab_size ? vocabulary : size));
          const length = 4 * shape.reduce((a, b) => a * b);
          return [name, { ...ref, shape, length }] as const;
        }),
      );
      const config = { ...sizes, ...maskedLmConfig, vocab_size: vocabulary };
      return graphOf({ config, tensors }, { batch: 32, length: 32 });
    };
    const bytes = ({ graph }: SensitivityGraph) => estimateMemory(graph).activationBytes;
    const [small, large] = [ofVocabulary(2 ** 15), ofVocabulary(2 ** 17)];
    expect(bytes(large()) / bytes(small())).toBeLessThan(1.01);
    expect(bytes(large(Infinity)) / bytes(small(Infinity))).toBeGreaterThan(3);
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
