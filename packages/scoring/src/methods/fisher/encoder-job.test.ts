import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScoreReport, toProblem } from '@layersense/contracts';
import { maskedPositions } from '@layersense/statistics';
import {
  largestRelativeError,
  nonEmpty,
  perExampleOf,
  smallest,
  startHubServer,
} from '@layersense/testing';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import {
  bertTokenizer,
  bertTokenizerConfig,
  classifierConfig,
  idsOf,
  MASK,
  maskedLmConfig,
} from '../../test-support/bert-files.js';
import { expectedOf, expectParity, OnnxJobs } from '../../test-support/onnx-jobs.js';

const jobs = new OnnxJobs();

const exporters = ['torchscript-17', 'dynamo-20', 'dynamo-23'];
const heads = [
  ['bert-classifier', classifierConfig, 'class'],
  ['bert-masked-lm', maskedLmConfig, 'masked-token-mean'],
] as const;

const tokenizerFiles = {
  'tokenizer.json': bertTokenizer,
  'tokenizer_config.json': bertTokenizerConfig,
};

let folders = 0;
let datasets = 0;

/** A folder with the model, its config.json and a tokenizer. */
function encoder(of: 'bert-classifier' | 'bert-masked-lm', config: object = {}): string {
  const whole = { ...(of === 'bert-classifier' ? classifierConfig : maskedLmConfig), ...config };
  folders += 1;
  const files = { 'model.onnx': `${of}/dynamo-20.onnx` };
  return jobs.folder(`${of}-${folders}`, files, whole, tokenizerFiles);
}

function fisher(model: string, rows: readonly object[], params: object = {}): Promise<ScoreReport> {
  datasets += 1;
  const dataset = jobs.dataset(`rows-${datasets}.jsonl`, rows);
  return jobs.score(model, { method: 'fisher', dataset, params: { examples: 64, ...params } });
}

/** By parameter, the values in the order of the dataset's rows. */
function byRow(report: ScoreReport): Map<string, number[]> {
  const ordered = (values: ReadonlyMap<number, number>) => {
    const rows: number[] = [];
    for (const [row, value] of values) rows[row] = value;
    return rows;
  };
  const losses = new Map(
    (report.run.dataset?.indices ?? []).map((row, i) => [
      row,
      report.run.example_losses?.[i] ?? Number.NaN,
    ]),
  );
  return new Map(
    [...perExampleOf(report), ['loss', losses] as const].map(([name, values]) => [
      name,
      ordered(values),
    ]),
  );
}

/** Up to float32 rounding; the bias of a key has a gradient of zero, which is all rounding. */
function expectClose(
  actual: readonly number[] | undefined,
  expected: readonly number[] | undefined,
  name: string,
) {
  expect(actual).toHaveLength(expected?.length ?? Number.NaN);
  for (const [row, value] of nonEmpty(actual ?? []).entries()) {
    const other = expected?.[row] ?? Number.NaN;
    const close = Math.abs(value - other) <= 1e-4 * Math.abs(other) + 1e-9;
    expect(close, `${name}, row ${row}: ${value} and ${other}`).toBe(true);
  }
}

function expectSame(a: ScoreReport, b: ScoreReport): void {
  const other = byRow(b);
  for (const [name, values] of nonEmpty(byRow(a))) expectClose(values, other.get(name), name);
}

describe.each(heads)('a Fisher job on %s', (of, config, loss) => {
  it.each(exporters)('has the values of PyTorch in float64: %s', async (exporter) => {
    const files = { 'model.onnx': `${of}/${exporter}.onnx` };
    const model = jobs.folder(`${of}-${exporter}`, files, config);
    const padded = await jobs.fisher(model, of);
    expect(padded.run).toMatchObject({ loss, labels: 'data', plan: 'whole' });
    expectParity(padded, of);
    expectParity(await jobs.fisher(join(model, 'model.onnx'), of, { batch_size: 1 }), of);
  });

  it.each(['checkpointed', 'streamed'])('has the same by the %s plan', async (plan) => {
    const report = await jobs.fisher(encoder(of), of, { plan });
    expect(report.run.plan).toBe(plan);
    expectParity(report, of);
  });

  it('measures the magnitude of its weights', async () => {
    const { scores } = await jobs.score(encoder(of), { method: 'magnitude' });
    expect(scores.map(({ parameter }) => parameter).sort()).toEqual(
      Object.keys(expectedOf(of).shapes).sort(),
    );
  });
});

const reviews = [
  { text: 'the film was very good', label: 'good' },
  { text: 'a dull plot', label: 'bad' },
  { text: 'i liked the music but the ending was bad and long', label: 'fair' },
  { text: 'we saw it again and again', label: 'good' },
  { text: 'never', label: 'bad' },
];
const classOf = { bad: 0, fair: 1, good: 2 } as Readonly<Record<string, number>>;

describe('a sequence classifier', () => {
  it('takes texts with the names of their classes, and puts [CLS] and [SEP] around them', async () => {
    const model = encoder('bert-classifier');
    const texts = await fisher(model, reviews);
    const tokens = reviews.map(({ text, label }) => ({
      input_ids: [2, ...idsOf(text), 3],
      label: classOf[label],
    }));
    expectSame(texts, await fisher(model, tokens, { batch_size: 1 }));
    expect(texts.run.identity).toBe((await fisher(model, tokens)).run.identity);
  });

  it('cuts a long text before its last [SEP]', async () => {
    const model = encoder('bert-classifier');
    const rows = reviews.slice(2, 3);
    const cut = await fisher(model, rows, { max_length: 6 });
    expect(cut.run.dataset).toMatchObject({ truncated: 1, tokens: 6 });
    const ids = idsOf(rows[0]?.text ?? '').slice(0, 4);
    expectSame(cut, await fisher(model, [{ input_ids: [2, ...ids, 3], label: 1 }]));
  });

  it('takes two texts as two segments', async () => {
    const model = encoder('bert-classifier');
    const [a, b] = ['the film was good', 'it was very long'];
    const pair = await fisher(model, [{ text: a, text_pair: b, label: 2 }]);
    const [first, second] = [
      [2, ...idsOf(a), 3],
      [...idsOf(b), 3],
    ];
    const token_type_ids = [...first.map(() => 0), ...second.map(() => 1)];
    const row = { input_ids: [...first, ...second], token_type_ids, label: 2 };
    expectSame(pair, await fisher(model, [row]));
    const flat = await fisher(model, [{ input_ids: row.input_ids, label: 2 }]);
    expect(byRow(flat).get('loss')?.[0]).not.toBeCloseTo(byRow(pair).get('loss')?.[0] ?? 0, 4);
    expect(flat.run.identity).not.toBe(pair.run.identity);
  });

  it('tells runs with other labels apart', async () => {
    const model = encoder('bert-classifier');
    const other = reviews.map((review) => ({ ...review, label: 1 }));
    const [given, changed] = [await fisher(model, reviews), await fisher(model, other)];
    expect(changed.run.identity).not.toBe(given.run.identity);
  });

  it('draws classes from its own softmax, of rows without a label', async () => {
    const model = encoder('bert-classifier');
    const unlabelled = reviews.map(({ text }) => ({ text }));
    const ofClass = await Promise.all(
      [0, 1, 2].map(async (label) =>
        byRow(
          await fisher(
            model,
            reviews.map((review) => ({ ...review, label })),
          ),
        ),
      ),
    );
    const value = (label: number, name: string, row: number) =>
      ofClass[label]?.get(name)?.[row] ?? Number.NaN;
    const once = await fisher(model, unlabelled, { labels: 'model' });
    expect(once.run.labels).toBe('model');
    for (const [row, loss] of nonEmpty(byRow(once).get('loss') ?? []).entries()) {
      const errors = [0, 1, 2].map((label) => Math.abs(loss - value(label, 'loss', row)));
      expect(smallest(errors)).toBeLessThan(1e-5);
    }

    const draws = 300;
    const often = byRow(await fisher(model, unlabelled, { labels: 'model', draws }));
    for (const name of ['classifier.weight', 'bert.encoder.layer.0.attention.self.value.weight']) {
      for (const row of nonEmpty(reviews.keys())) {
        const p = [0, 1, 2].map((label) => Math.exp(-value(label, 'loss', row)));
        const moment = (power: number) =>
          p.reduce((sum, share, label) => sum + share * value(label, name, row) ** power, 0);
        const error = Math.sqrt((moment(2) - moment(1) ** 2) / draws);
        const found = often.get(name)?.[row] ?? Number.NaN;
        expect(Math.abs(found - moment(1)), `${name}, row ${row}`).toBeLessThan(4.5 * error);
      }
    }
  });
});

describe('a masked language model', () => {
  const texts = reviews.map(({ text }) => ({ text: `${text} and ${text}` }));

  /** The rows as they are masked by the run's seed, and what was behind the masks. */
  const masked = (seed: number, probability: number) =>
    texts.map(({ text }, row) => {
      const ids = [2, ...idsOf(text), 3];
      const inner = [...ids.keys()].slice(1, -1);
      const positions = maskedPositions(inner, { seed, row, probability });
      return {
        input_ids: ids.map((id, i) => (positions.includes(i) ? MASK : id)),
        labels: ids.map((id, i) => (positions.includes(i) ? id : -100)),
      };
    });

  it('masks a sample of the tokens, never the special ones', async () => {
    const model = encoder('bert-masked-lm');
    const sampled = await fisher(model, texts, { seed: 5 });
    expect(sampled.run.params).toMatchObject({ mask_probability: 0.15, loss: 'masked-token-mean' });
    const given = await fisher(model, masked(5, 0.15), { seed: 5 });
    expectSame(sampled, given);
    expect(sampled.run.identity).toBe(given.run.identity);

    const sum = await fisher(model, texts, { seed: 5, loss: 'masked-token-sum' });
    const counts = masked(5, 0.15).map(({ labels }) => labels.filter((id) => id >= 0).length);
    const [means, sums] = [byRow(sampled), byRow(sum)];
    for (const [name, values] of nonEmpty(means)) {
      const power = name === 'loss' ? 1 : 2;
      const scaled = values.map((value, row) => value * (counts[row] ?? 0) ** power);
      expectClose(sums.get(name), scaled, name);
    }
  });

  it('masks a row the same whatever else is in the run', async () => {
    const model = encoder('bert-masked-lm');
    const all = await fisher(model, texts);
    const few = await fisher(model, texts, { examples: 2, skip_examples: 1, batch_size: 1 });
    const rows = few.run.dataset?.indices ?? [];
    expect(rows).toHaveLength(2);
    const values = byRow(all);
    for (const [name, found] of nonEmpty(byRow(few))) {
      const same = rows.map((row) => values.get(name)?.[row] ?? Number.NaN);
      const picked = rows.map((row) => found[row] ?? Number.NaN);
      expectClose(picked, same, name);
    }
    const hashes = all.run.dataset?.example_hashes ?? [];
    expect(hashes).toEqual(expect.arrayContaining(few.run.dataset?.example_hashes ?? []));
  });

  it('is another run with another mask', async () => {
    const model = encoder('bert-masked-lm');
    const half = await fisher(model, texts, { seed: 5, mask_probability: 0.5 });
    expectSame(half, await fisher(model, masked(5, 0.5), { seed: 5 }));
    const standard = await fisher(model, texts, { seed: 5 });
    const other = await fisher(model, texts, { seed: 6 });
    const hashes = [half, standard, other].map(({ run }) => run.dataset?.example_hashes.toSorted());
    expect(new Set(hashes.map((each) => each?.join())).size).toBe(3);
  });

  it('draws the masked tokens from the model', async () => {
    const model = encoder('bert-masked-lm');
    const drawn = { labels: 'model', seed: 5 };
    const [one, all] = [
      await fisher(model, texts, { ...drawn, batch_size: 1 }),
      await fisher(model, texts, drawn),
    ];
    expectSame(one, all);
    const data = byRow(await fisher(model, texts, { seed: 5 })).get('loss');
    expect(largestRelativeError(byRow(all).get('loss'), data)).toBeGreaterThan(0.01);
  });
});

describe('an attention mask', () => {
  const inner = [7, 8, 9, 6];
  const padded = {
    input_ids: [2, ...inner, 3, 0, 0],
    attention_mask: [1, 1, 1, 1, 1, 1, 0, 0],
    token_type_ids: [0, 0, 0, 1, 1, 1, 0, 0],
  };
  const plain = { input_ids: [2, ...inner, 3], token_type_ids: [0, 0, 0, 1, 1, 1] };
  const labels = [-100, 11, -100, -100, 12, -100];

  it.each([
    ['bert-classifier', { label: 1 }, { label: 1 }],
    ['bert-masked-lm', { labels: [...labels, -100, -100] }, { labels }],
  ] as const)(
    'leaves padding out, with its segments and labels: %s',
    async (of, beside, besidePlain) => {
      const model = encoder(of);
      const found = await fisher(model, [{ ...padded, ...beside }]);
      const expected = await fisher(model, [{ ...plain, ...besidePlain }]);
      expect(found.run.identity).toBe(expected.run.identity);
      expectSame(found, expected);
    },
  );

  it('is refused on the left, where positions are counted', async () => {
    const row = { input_ids: [0, 2, 7, 3], attention_mask: [0, 1, 1, 1], label: 1 };
    await expect(fisher(encoder('bert-classifier'), [row])).rejects.toMatchObject({
      code: 'dataset_malformed',
      message: expect.stringContaining('counts positions from there'),
    });
  });
});

describe('from the Hub', () => {
  it('scores a classifier on a named set with labels', async () => {
    const data = jobs.folder('sst2', {});
    mkdirSync(join(data, 'data'));
    const columnData = [
      { name: 'idx', data: reviews.map((_, i) => i) },
      { name: 'sentence', data: reviews.map(({ text }) => text) },
      { name: 'label', data: reviews.map((_, i) => BigInt(i % 3)), type: 'INT64' as const },
    ];
    const parquet = new Uint8Array(parquetWriteBuffer({ columnData }));
    writeFileSync(join(data, 'data/train-00000-of-00001.parquet'), parquet);
    const model = encoder('bert-classifier');
    const hub = await startHubServer({
      models: { 'acme/classifier': model },
      datasets: { 'stanfordnlp/sst2': data },
    });
    const job = { method: 'fisher', dataset: 'sst2', params: { examples: 5 } };
    const report = await jobs.score('acme/classifier', job, hub.endpoint);
    await hub.close();
    expect(report.run.dataset).toMatchObject({ name: 'sst2', split: 'train', examples: 5 });
    const rows = reviews.map(({ text }, i) => ({ text, label: i % 3 }));
    expectSame(report, await fisher(model, rows));
  });
});

describe('what is refused', () => {
  const tokens = (extra: object) => ({ input_ids: [2, 7, 8, 3], ...extra });
  const whole = { input_ids: [2, 7, 8, 3], label: 0 };

  it.each([
    ['a class of no label', [whole, tokens({})], 'label_invalid', 'line 2: it has no "label"'],
    ['a class out of range', [tokens({ label: 3 })], 'label_invalid', 'classes are 0 to 2'],
    ['a class below zero', [tokens({ label: -1 })], 'label_invalid', 'line 1: "label" is'],
    ['a class between two', [tokens({ label: 0.5 })], 'label_invalid', 'the number 0.5'],
    ['a name of no class', [tokens({ label: 'great' })], 'label_invalid', 'has bad, fair, good'],
    [
      'a text without tokens that fit',
      [tokens({ token_type_ids: [0] })],
      'dataset_malformed',
      '1 ',
    ],
  ])('%s', async (_, rows, code, problem) => {
    const refused = fisher(encoder('bert-classifier'), rows);
    await expect(refused).rejects.toMatchObject({
      code,
      message: expect.stringContaining(problem),
    });
  });

  it.each([
    ['labels of another length', [tokens({ labels: [5] })], 'label_invalid', '1 elements for 4'],
    ['labels that are no tokens', [tokens({ labels: [-1, 1, 1, 1] })], 'label_invalid', '[0]'],
    ['no label', [tokens({ labels: [-100, -100, -100, -100] })], 'label_invalid', 'at least one'],
    [
      'a label beyond the vocabulary',
      [tokens({ labels: [56, 1, 1, 1] })],
      'token_out_of_range',
      '56',
    ],
    ['nothing but special tokens', [{ input_ids: [2, 3] }], 'dataset_empty', 'can be masked'],
  ])('of a masked language model, %s', async (_, rows, code, problem) => {
    const refused = fisher(encoder('bert-masked-lm'), rows);
    await expect(refused).rejects.toMatchObject({
      code,
      message: expect.stringContaining(problem),
    });
  });

  it.each([
    ['bert-classifier', { loss: 'token-mean' }, 'its loss is class, not token-mean'],
    ['bert-masked-lm', { loss: 'class' }, 'masked-token-mean or masked-token-sum, not class'],
    ['bert-classifier', { mask_probability: 0.3 }, 'mask_probability has no meaning'],
  ] as const)('a loss that %s does not have: %j', async (of, params, problem) => {
    const refused = fisher(encoder(of), [whole], params);
    const error = await refused.catch((thrown) => thrown);
    expect(toProblem(error)).toMatchObject({ code: 'loss_unsupported', status: 422 });
    expect(error.message).toContain(problem);
  });

  it('a mask without a tokenizer that has one', async () => {
    const files = { 'model.onnx': 'bert-masked-lm/dynamo-20.onnx' };
    const bare = jobs.folder('bare', files, maskedLmConfig);
    await expect(fisher(bare, [whole])).rejects.toMatchObject({ code: 'tokenizer_missing' });
    const maskless = jobs.folder('maskless', files, maskedLmConfig, {
      'tokenizer.json': { ...bertTokenizer, added_tokens: bertTokenizer.added_tokens.slice(0, 4) },
    });
    await expect(fisher(maskless, [whole])).rejects.toMatchObject({ code: 'tokenizer_invalid' });
  });

  it('a head that its config.json contradicts, and heads without a class to choose', async () => {
    const other = encoder('bert-masked-lm', { architectures: ['BertForSequenceClassification'] });
    await expect(fisher(other, [whole])).rejects.toMatchObject({ code: 'tensor_mismatch' });
    const several = encoder('bert-classifier', { problem_type: 'multi_label_classification' });
    await expect(fisher(several, [whole])).rejects.toMatchObject({ code: 'loss_unsupported' });
    const tagger = encoder('bert-masked-lm', { architectures: ['BertForTokenClassification'] });
    await expect(fisher(tagger, [whole])).rejects.toMatchObject({ code: 'model_type_unsupported' });
  });
});
