import { afterAll, beforeAll, expect, it } from 'vitest';
import { fisherReport } from '../../test-support/fisher-report.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

const groups = [
  { examples: 1, targets: 5 },
  { examples: 2, targets: 7 },
];

async function saved(changes: object = {}, extra: object = {}): Promise<string> {
  const report = fisherReport({ model: 'org/tiny', rows: [0, 1, 2] });
  const { id } = await test.database.runs.save({
    ...report,
    run: { ...report.run, ...changes },
    ...extra,
  });
  return id;
}

it('answers the sums of a run as a safetensors file', async () => {
  const [score] = fisherReport({ model: 'org/tiny', rows: [0, 1, 2] }).scores;
  const parameter = score?.parameter ?? '';
  const matrices = new Map([
    [parameter, { byOutput: Float64Array.of(1, 2, 3, 4), byInput: Float64Array.of(5, 6) }],
  ]);
  const id = await saved({ marginals: groups }, { marginals: { groups, matrices } });
  const response = await test.app.inject(`/runs/${id}/marginals`);
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('application/octet-stream');
  const file = response.rawPayload;
  expect(Number(response.headers['content-length'])).toBe(file.length);
  const end = 8 + Number(file.readBigUInt64LE(0));
  expect(end % 8).toBe(0);
  expect(JSON.parse(file.subarray(8, end).toString())).toEqual({
    __metadata__: { run: id, examples: '[1,2]', targets: '[5,7]' },
    [`${parameter}.by_output`]: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    [`${parameter}.by_input`]: { dtype: 'F32', shape: [2, 1], data_offsets: [16, 24] },
  });
  const values = Array.from({ length: 6 }, (_, i) => file.readFloatLE(end + 4 * i));
  expect(values).toEqual([1, 2, 3, 4, 5, 6]);
  expect((await test.app.inject(`/runs/${id}`)).json().marginals).toEqual(groups);
});

it('says what to do where a run has none', async () => {
  const response = await test.app.inject(`/runs/${await saved()}/marginals`);
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({
    code: 'not_found',
    detail: expect.stringContaining('purpose: "quantisation"'),
  });
});

it('refuses sums that float32 cannot hold', async () => {
  const [score] = fisherReport({ model: 'org/tiny', rows: [0, 1, 2] }).scores;
  const sums = Float64Array.of(1e39, 0);
  const matrices = new Map([[score?.parameter ?? '', { byOutput: sums, byInput: sums }]]);
  const saving = saved({ marginals: groups }, { marginals: { groups, matrices } });
  await expect(saving).rejects.toMatchObject({ code: 'non_finite_gradient' });
});
