import {
  ScoresQuery,
  type StoredScore,
  StoredScore as StoredScoreSchema,
} from '@layersense/contracts';
import { studentT975 } from '@layersense/statistics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherReport, fisherRun } from '../test-support/test-reports.js';

let database: TestDatabase;
let older: string;
let newer: string;

const layers = [
  { parameter: 'model.embed_tokens.weight', sum: 8 },
  { parameter: 'model.layers.0.self_attn.v_proj.weight', sum: 4 },
  { parameter: 'model.layers.1.self_attn.v_proj.weight', sum: 2 },
  { parameter: 'model.layers.1.self_attn.o_proj.weight', sum: 2 },
  { parameter: 'model.layers.10.mlp.up_proj.weight', sum: 1 },
];

beforeAll(async () => {
  database = await openTestDatabase();
  const { runs } = database;
  const scaled = layers.map(({ parameter, sum }) => ({ parameter, sum: sum * 100 }));
  older = (await runs.save(fisherReport(scaled))).id;
  newer = (await runs.save(fisherReport(layers))).id;
  const base = fisherRun();
  const [one] = layers;
  if (one === undefined || base.dataset === null) throw new Error('there is a layer and a dataset');
  await runs.save(fisherReport([one], { dataset: { ...base.dataset, name: 'wikitext' } }));
  await runs.save(fisherReport([one], { model: { ...base.model, revision: 'r2' } }));
  await runs.save(fisherReport([one], { model: { ...base.model, name: 'test/other' } }));
  await runs.save({
    run: fisherRun({ method: 'magnitude', metrics: ['l1', 'max_abs'], dataset: null }),
    scores: [
      {
        ...layerScore('model.embed_tokens', 1),
        values: { l1: 0, max_abs: null },
      },
      {
        ...layerScore('model.norm', 2),
        values: { l1: 0, max_abs: 7 },
      },
    ],
  });
});
afterAll(() => database.close());

const unrouted = { routed_tokens: null, routed_examples: null };

function layerScore(layer: string, rank: number) {
  const parameter = `${layer}.weight`;
  return {
    layer,
    parameter,
    shape: [4, 8],
    numel: 32,
    n: null,
    standard_error: null,
    rank,
    ...unrouted,
  };
}

const query = (parameters: Record<string, unknown>): Promise<StoredScore[]> =>
  database.scores.query(ScoresQuery.parse(parameters));
const onGsm8k = { model: 'test/model', revision: 'r1', dataset: 'gsm8k' };
const namesOf = (scores: StoredScore[]) => scores.map(({ layer }) => layer);

describe('which runs answer', () => {
  it('the newest of its key', async () => {
    const scores = await query(onGsm8k);
    expect(new Set(scores.map(({ run_id }) => run_id))).toEqual(new Set([newer]));
    expect(scores).toHaveLength(layers.length);
  });

  it('one per model, revision, dataset and method', async () => {
    const scores = await query({});
    const keys = scores.map(({ model, revision, dataset, method }) =>
      [model, revision, dataset, method].join(),
    );
    expect(new Set(keys)).toEqual(
      new Set([
        'test/model,r1,gsm8k,fisher',
        'test/model,r1,wikitext,fisher',
        'test/model,r2,gsm8k,fisher',
        'test/other,r1,gsm8k,fisher',
        'test/model,r1,,magnitude',
      ]),
    );
  });

  it('the one that is named, old or not', async () => {
    const scores = await query({ run_id: older });
    expect(scores[0]).toMatchObject({ run_id: older, value: 800 });
    expect(await query({ run_id: older, model: 'test/other' })).toEqual([]);
  });

  it('none for a model without scores', async () => {
    expect(await query({ model: 'test/none' })).toEqual([]);
  });
});

it('shows everything there is to say about a score', async () => {
  const [, score] = await query({ ...onGsm8k, method: 'fisher' });
  expect(score).toEqual({
    model: 'test/model',
    revision: 'r1',
    dataset: 'gsm8k',
    method: 'fisher',
    metric: 'sum',
    layer: 'model.layers.0.self_attn.v_proj',
    parameter: 'model.layers.0.self_attn.v_proj.weight',
    module: 'v_proj',
    block: 0,
    shape: [4, 8],
    numel: 32,
    value: 4,
    rank: 2,
    n: 3,
    standard_error: 0.4,
    confidence_interval: [4 - studentT975(2) * 0.4, 4 + studentT975(2) * 0.4],
    share_of_max: 0.5,
    routed_tokens: null,
    routed_examples: null,
    run_id: newer,
  });
  expect(StoredScoreSchema.parse(score)).toEqual(score);
});

describe('filters', () => {
  it.each([
    ['*.v_proj', ['model.layers.0.self_attn.v_proj', 'model.layers.1.self_attn.v_proj']],
    ['model.layers.?.self_attn.o_proj', ['model.layers.1.self_attn.o_proj']],
    ['model.layers.1.*', ['model.layers.1.self_attn.o_proj', 'model.layers.1.self_attn.v_proj']],
    ['model.layers.1', []],
    ['%', []],
    ['model_embed_tokens', []],
    ['MODEL.embed_tokens', []],
    ['model.embed_tokens', ['model.embed_tokens']],
    ['model.embed\\_tokens', []],
  ])('layer=%s', async (layer, expected) => {
    expect(namesOf(await query({ ...onGsm8k, layer }))).toEqual(expected);
  });

  it('module and block', async () => {
    expect(namesOf(await query({ ...onGsm8k, module: 'up_proj' }))).toEqual([
      'model.layers.10.mlp.up_proj',
    ]);
    expect(await query({ ...onGsm8k, block: 1 })).toHaveLength(2);
    expect(await query({ ...onGsm8k, block: 1, module: 'v_proj' })).toHaveLength(1);
  });

  it('leave the share of the largest as it is in the whole run', async () => {
    const [score] = await query({ ...onGsm8k, layer: '*.up_proj' });
    expect(score?.share_of_max).toBe(0.125);
  });
});

describe('order', () => {
  it.each([
    ['-value', [8, 4, 2, 2, 1]],
    ['value', [1, 2, 2, 4, 8]],
  ])('sort=%s', async (sort, values) => {
    expect((await query({ ...onGsm8k, sort })).map(({ value }) => value)).toEqual(values);
  });

  it('by layer, both ways', async () => {
    const up = namesOf(await query({ ...onGsm8k, sort: 'layer' }));
    expect(up).toEqual([...up].sort());
    expect(namesOf(await query({ ...onGsm8k, sort: '-layer' }))).toEqual([...up].reverse());
  });

  it('takes the first after sorting', async () => {
    expect(namesOf(await query({ ...onGsm8k, top: 2 }))).toEqual([
      'model.embed_tokens',
      'model.layers.0.self_attn.v_proj',
    ]);
  });
});

describe('metrics', () => {
  it('are ranked each by its own values, nulls last', async () => {
    const scores = await query({ method: 'magnitude', metric: 'max_abs' });
    expect(scores).toMatchObject([
      { layer: 'model.norm', value: 7, rank: 1, share_of_max: 1 },
      { layer: 'model.embed_tokens', value: null, rank: 2, share_of_max: null },
    ]);
    const ascending = await query({ method: 'magnitude', metric: 'max_abs', sort: 'value' });
    expect(ascending.map(({ value }) => value)).toEqual([7, null]);
  });

  it('share nothing of a largest value of zero', async () => {
    const scores = await query({ method: 'magnitude' });
    expect(scores.map(({ metric, share_of_max }) => [metric, share_of_max])).toEqual([
      ['l1', null],
      ['l1', null],
    ]);
  });

  it('have an interval only where the error is of the metric', async () => {
    const [score] = await query({ ...onGsm8k, metric: 'density' });
    expect(score).toMatchObject({ value: 0.25, standard_error: null, confidence_interval: null });
  });
});

it.each([
  [{ method: 'fisher', metric: 'l1' }, 'invalid_request'],
  [{ metric: 'hessian' }, 'invalid_request'],
  [{ run_id: 'nonsense' }, 'not_found'],
  [{ run_id: 'run_00000000-0000-7000-8000-000000000000' }, 'not_found'],
])('%o is %s', async (parameters, code) => {
  await expect(query(parameters)).rejects.toMatchObject({ code });
});
