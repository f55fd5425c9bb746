import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScoreReport } from '@layersense/contracts';
import {
  largestRelativeError,
  type ParityCase,
  parityCheckpoints,
  perExampleOf,
} from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { CheckpointJobs } from '../test-support/checkpoint-jobs.js';
import type { FloatTensor } from '../test-support/safetensors.js';

const jobs = new CheckpointJobs();
const fixtures = fileURLToPath(new URL('../../../testing/fixtures/', import.meta.url));
const HEAD = 'lm_head.weight';

function fixture(name: string): { readonly folder: string; readonly expected: ParityCase } {
  const found = parityCheckpoints().find((each) => each.name === name);
  const [expected] = found?.cases ?? [];
  if (!found || !expected) throw new TypeError(`there is no fixture ${name}`);
  return { folder: found.folder, expected };
}

const rowsOf = ({ input_ids }: ParityCase) => input_ids.map((ids) => ({ input_ids: ids }));

function names({ scores }: ScoreReport): readonly string[] {
  return scores.map(({ parameter }) => parameter).toSorted();
}

function renamed(tensors: readonly FloatTensor[], from: string, to: string): FloatTensor[] {
  return tensors.map((tensor) => (tensor.name === from ? { ...tensor, name: to } : tensor));
}

/** The tensors with `name` once more, as `copy`. */
function twice(tensors: readonly FloatTensor[], name: string, copy: string): FloatTensor[] {
  const found = tensors.filter((tensor) => tensor.name === name);
  return [...tensors, ...found.map((tensor) => ({ ...tensor, name: copy }))];
}

function nudged(tensor: FloatTensor): FloatTensor {
  const last = tensor.data.length - 1;
  return { ...tensor, data: tensor.data.map((x, i) => (i === last ? x + 0.25 : x)) };
}

describe.each([
  ['llama-tied', 'model.embed_tokens.weight'],
  ['gpt2', 'transformer.wte.weight'],
])('%s, tied', (name, embedding) => {
  const { folder, expected } = fixture(name);
  const withoutKey = (config: object) => {
    const { tie_word_embeddings: _, ...rest } = config as Record<string, unknown>;
    return name === 'gpt2' ? rest : config;
  };

  it('has the values of one parameter where the head alone is stored', async () => {
    const model = await jobs.changed(folder, ({ config, tensors }) => ({
      config: withoutKey(config),
      tensors: renamed(tensors, embedding, HEAD),
    }));
    const report = await jobs.fisher(model, rowsOf(expected), { loss: expected.loss });
    expect(names(report)).toEqual(Object.keys(expected.gradient_squared_norms).toSorted());
    const norms = expected.gradient_squared_norms[embedding];
    const found = perExampleOf(report).get(embedding);
    const byRow = norms?.map((_, row) => found?.get(row) ?? Number.NaN);
    expect(largestRelativeError(byRow, norms)).toBeLessThan(1e-4);
    expect(report.run.definition).toContain(`${embedding} is stored as ${HEAD}`);

    const magnitude = await jobs.magnitude(model);
    expect(magnitude.scores).toEqual((await jobs.magnitude(folder)).scores);
  });

  it('is one parameter where both are stored alike', async () => {
    const model = await jobs.changed(folder, ({ config, tensors }) => ({
      config: withoutKey(config),
      tensors: twice(tensors, embedding, HEAD),
    }));
    const report = await jobs.fisher(model, rowsOf(expected), { loss: expected.loss });
    expect(names(report)).toEqual(Object.keys(expected.gradient_squared_norms).toSorted());
    const mean = expected.losses.reduce((a, b) => a + b, 0) / expected.losses.length;
    expect(report.run.mean_loss ?? Number.NaN).toBeCloseTo(mean, 4);
    expect(report.run.definition).toContain(`no parameters of their own: ${HEAD}`);

    const magnitude = await jobs.magnitude(model);
    expect(magnitude.scores).toEqual((await jobs.magnitude(folder)).scores);
    expect(magnitude.run.definition).toContain(`no parameters of their own: ${HEAD}`);
    expect(magnitude.run.model.parameters).toBe(
      (await jobs.magnitude(folder)).run.model.parameters,
    );
  });

  it('is two where one element of them differs, and the record says so', async () => {
    const model = await jobs.changed(folder, ({ config, tensors }) => ({
      config: withoutKey(config),
      tensors: twice(tensors, embedding, HEAD).map((tensor) =>
        tensor.name === HEAD ? nudged(tensor) : tensor,
      ),
    }));
    const fisher = await jobs.fisher(model, rowsOf(expected).slice(0, 1));
    const magnitude = await jobs.magnitude(model);
    for (const report of [fisher, magnitude]) {
      expect(names(report)).toEqual(expect.arrayContaining([embedding, HEAD]));
      expect(report.run.definition).toContain(
        `config.json ties ${HEAD}, but the files hold other values for it than for ${embedding}`,
      );
    }
  });
});

describe('an architecture that is not known here', () => {
  it('has its head once where another tensor is equal to it, and else as it is', async () => {
    const { folder } = fixture('llama-tied');
    const unknown = (tensors: (from: readonly FloatTensor[]) => readonly FloatTensor[]) =>
      jobs.changed(folder, (files) => ({
        config: { ...files.config, model_type: 'unknown' },
        tensors: tensors(files.tensors),
      }));
    const embedding = 'model.embed_tokens.weight';
    const equal = await unknown((from) => twice(from, embedding, HEAD));
    const alone = await unknown((from) => renamed(from, embedding, HEAD));
    expect(names(await jobs.magnitude(equal))).not.toContain(HEAD);
    expect(names(await jobs.magnitude(alone))).toContain(HEAD);
  });
});

describe('BertForMaskedLM', () => {
  /** Losses of two rows by transformers 5.18.0 in float64. */
  const losses = [4.08475, 4.48308];
  const rows = [
    { input_ids: [5, 17, 9], labels: [5, -100, -100] },
    { input_ids: [3, 60, 7, 3, 7], labels: [3, -100, -100, -100, -100] },
  ];
  const untied = join(fixtures, 'compat/bert-mlm-untied');
  const bias = 'cls.predictions.bias';
  const lossesOf = ({ run }: ScoreReport) =>
    (run.dataset?.indices ?? []).map((_, row) => {
      const at = run.dataset?.indices.indexOf(row) ?? -1;
      return run.example_losses?.[at] ?? Number.NaN;
    });

  it.each([{}, { plan: 'streamed' }])(
    'untied has a bias of its own decoder, and %j the other one has no gradient',
    async (params) => {
      const report = await jobs.fisher(untied, rows, params);
      expect(largestRelativeError(lossesOf(report), losses)).toBeLessThan(2e-6);
      const values = new Map(report.scores.map((each) => [each.parameter, each.per_example]));
      expect(values.get(bias)).toEqual([0, 0]);
      const own = values.get('cls.predictions.decoder.bias');
      expect(own?.map((norm) => norm > 0)).toEqual([true, true]);
    },
  );

  it('tied has one of each, whichever is stored', async () => {
    const tied = (keep: (name: string) => boolean) =>
      jobs.changed(untied, ({ config, tensors }) => {
        const own = tensors.filter(({ name }) => !name.startsWith('cls.predictions.decoder'));
        const weight = twice(
          own,
          'bert.embeddings.word_embeddings.weight',
          'cls.predictions.decoder.weight',
        );
        const both = twice(weight, bias, 'cls.predictions.decoder.bias');
        return {
          config: { ...config, tie_word_embeddings: true },
          tensors: both.filter(({ name }) => keep(name)),
        };
      });
    const first = await jobs.fisher(await tied((name) => !name.includes('decoder')), rows);
    const others = [() => true, (name: string) => name !== bias];
    for (const keep of others) {
      const report = await jobs.fisher(await tied(keep), rows);
      expect(report.scores).toEqual(first.scores);
      expect(names(report)).not.toContain('cls.predictions.decoder.bias');
    }
    expect(others).toHaveLength(2);
  });
});

describe('what the record says of a checkpoint', () => {
  it('names the tensors of layers that config.json does not ask for', async () => {
    const { folder, expected } = fixture('llama-tied');
    const model = await jobs.changed(folder, ({ config, tensors }) => ({
      config: { ...config, num_hidden_layers: 1 },
      tensors,
    }));
    const fisher = await jobs.fisher(model, rowsOf(expected).slice(0, 1));
    expect(names(fisher).filter((name) => name.startsWith('model.layers.1.'))).toEqual([]);
    expect(fisher.run.definition).toContain('model.layers.*.self_attn.q_proj.weight');
    const magnitude = await jobs.magnitude(model);
    expect(magnitude.run.definition).toContain(
      'more layers than config.json asks for (1): 9 of the weights',
    );
    expect((await jobs.magnitude(folder)).run.definition).not.toContain('more layers');
  });

  it('names a model without a head that is scored with one', async () => {
    const { folder, expected } = fixture('gpt2-base');
    const report = await jobs.fisher(folder, rowsOf(expected).slice(0, 1));
    expect(report.run.definition).toContain('config.json names GPT2Model, which has no head');
  });

  it('says where a table of positions cuts examples before max_length', async () => {
    const { folder } = fixture('gpt2-base');
    const long = { input_ids: Array.from({ length: 40 }, (_, i) => i) };
    const { run } = await jobs.fisher(folder, [long], { max_length: 64 });
    expect(run.dataset).toMatchObject({ tokens: 24, truncated: 1 });
    expect(run.definition).toContain('cut off at 24 tokens');
    const asked = await jobs.fisher(folder, [long], { max_length: 16 });
    expect(asked.run.definition).not.toContain('cut off');
  });

  it('does not cut examples where positions are rotations', async () => {
    const { folder } = fixture('llama-tied');
    const model = await jobs.changed(folder, ({ config, tensors }) => ({
      config: { ...config, max_position_embeddings: 16 },
      tensors,
    }));
    const rows = [{ input_ids: Array.from({ length: 40 }, (_, i) => i) }];
    const [short, long] = [await jobs.fisher(model, rows), await jobs.fisher(folder, rows)];
    expect(short.run.dataset).toMatchObject({ tokens: 40, truncated: 0 });
    expect(short.scores).toEqual(long.scores);
  });
});
