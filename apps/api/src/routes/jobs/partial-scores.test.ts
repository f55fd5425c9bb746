import type { PartialScoreReport } from '@layersense/contracts';
import { packBatch } from '@layersense/runs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fisherReport } from '../../test-support/fisher-report.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

const fisher = { model: 'org/tiny', method: 'fisher', dataset: 'gsm8k' };
const scoresOf = (id: string, accept = 'application/json') =>
  test.app.inject({ url: `/jobs/${id}/scores`, headers: { accept } });

it('are those of the finished examples, as a run over them alone would have', async () => {
  const { jobs } = test.database;
  const { id } = (await test.app.inject({ method: 'POST', url: '/jobs', payload: fisher })).json();
  expect((await scoresOf(id)).json().code).toBe('job_unfinished');
  await jobs.transitions.start(id, { workerId: 'w' });
  expect((await scoresOf(id)).statusCode).toBe(409);

  const { run, scores } = fisherReport({ model: 'org/tiny', rows: [4, 1, 2] });
  const byName = scores.toSorted((a, b) => (a.parameter < b.parameter ? -1 : 1));
  const parameters = byName.map(({ parameter }) => parameter);
  const columns = { parameters, routed: [] };
  await jobs.batches.describe(id, {
    identity: 'now',
    ...columns,
    shapes: byName.map(({ shape }) => shape),
  });
  const save = (identity: string, positions: readonly number[], rows: readonly number[]) =>
    jobs.batches.save(id, {
      identity,
      key: String(positions[0]),
      positions,
      values: packBatch(columns, {
        examples: positions,
        losses: rows.map((row) => run.example_losses?.[row] ?? Number.NaN),
        squaredNorms: new Map(
          byName.map(({ parameter, per_example }) => [
            parameter,
            rows.map((row) => per_example?.[row] ?? Number.NaN),
          ]),
        ),
        routedTokens: new Map(),
      }),
    });
  await save('before', [3], [0]);
  expect((await scoresOf(id)).statusCode).toBe(409);
  await save('now', [9, 40], [0, 1]);
  await save('now', [7], [2]);

  const answer = await scoresOf(id);
  expect(answer.headers['layersense-job-status']).toBe('running');
  const partial = answer.json();
  expect(partial).toMatchObject({
    object: 'partial_scores',
    job_id: id,
    status: 'running',
    examples: 3,
  });
  const expected = scores
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ per_example: _, ...score }) => score);
  expect(partial.scores).toEqual(expected);
  expect(partial.scores[0].confidence_interval).toHaveLength(2);

  const lines = (await scoresOf(id, 'application/x-ndjson')).body.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(expected);
  const csv = await scoresOf(id, 'text/csv');
  expect(csv.headers['layersense-job-status']).toBe('running');
  expect(csv.body.split('\r\n')).toHaveLength(expected.length + 2);

  await jobs.transitions.requestCancel(id);
  expect((await scoresOf(id)).json().status).toBe('canceling');
  await jobs.transitions.finishCancel(id);
  expect((await scoresOf(id)).json().code).toBe('job_without_scores');
});

it('count the tokens that experts have seen by now, each example once', async () => {
  const { jobs } = test.database;
  const { id } = (await test.app.inject({ method: 'POST', url: '/jobs', payload: fisher })).json();
  await jobs.transitions.start(id, { workerId: 'w' });
  const expert = 'model.layers.0.mlp.experts.1.down_proj.weight';
  const columns = { parameters: ['lm_head.weight', expert], routed: [expert] };
  const shapes = columns.parameters.map(() => [2, 3]);
  await jobs.batches.describe(id, { identity: 'now', ...columns, shapes });
  const tokens = new Map([
    [5, 0],
    [2, 4],
    [8, 3],
  ]);
  const save = (positions: readonly number[]) => {
    const ones = positions.map(() => 1);
    const values = packBatch(columns, {
      examples: positions,
      losses: ones,
      squaredNorms: new Map(columns.parameters.map((name) => [name, ones])),
      routedTokens: new Map([[expert, positions.map((position) => tokens.get(position) ?? 0)]]),
    });
    return jobs.batches.save(id, { identity: 'now', key: positions.join(), positions, values });
  };
  const counts = async () => {
    const { scores } = (await scoresOf(id)).json() as PartialScoreReport;
    return scores
      .toSorted((a, b) => (a.parameter < b.parameter ? 1 : -1))
      .map(({ n, routed_tokens, routed_examples }) => [n, routed_tokens, routed_examples]);
  };

  await save([5, 2]);
  expect(await counts()).toEqual([
    [2, 4, 1],
    [2, null, null],
  ]);
  // A smaller plan makes other batches of what is left, and may compute an example again.
  await save([2, 8]);
  expect(await counts()).toEqual([
    [3, 7, 2],
    [3, null, null],
  ]);
  const csv = (await scoresOf(id, 'text/csv')).body.trimEnd().split('\r\n');
  expect(csv.map((line) => line.split(',').slice(-2).join()).toSorted()).toEqual([
    ',',
    '7,2',
    'routed_tokens,routed_examples',
  ]);
});
