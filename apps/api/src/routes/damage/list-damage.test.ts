import type { MatrixDamage } from '@layersense/contracts';
import type { NewReport } from '@layersense/database';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fisherReport } from '../../test-support/fisher-report.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

const GROUPS = 8;
const groups = Array.from({ length: GROUPS }, (_, g) => ({ examples: 2, targets: 10 + g }));
const formats = ['int4_g32', 'nvfp4'];

let test: TestApp;
let fisherId: string;
let pricedId: string;
beforeAll(async () => {
  test = await testApp();
  fisherId = (await test.database.runs.save(fisherReport({ model: 'org/tiny', rows: [0, 1] }))).id;
  pricedId = (await test.database.runs.save(pricedReport())).id;
});
afterAll(() => test.close());

/** In units of R and T that make a prediction of each group's own: B is diagonal. */
function damageOf(parameter: string, format: string, price: number): MatrixDamage {
  const products = new Float64Array(GROUPS ** 2);
  for (let g = 0; g < GROUPS; g++) products[g * GROUPS + g] = price * (1 + (g % 3));
  const sums = Float64Array.from({ length: GROUPS }, (_, g) => 1 + g);
  const scalar = { scalarKl: 2 * price, scalarError: 0.1 * price };
  const matrix = { parameter, format, numel: 6, bitsPerWeight: 4.5, squaredError: price };
  return { ...matrix, ...scalar, products: { products, sums } };
}

function pricedReport(): NewReport {
  const { run, scores } = fisherReport({ model: 'org/tiny', rows: [0, 1] });
  const names = scores.map(({ parameter }) => parameter);
  const matrices = formats.flatMap((format, f) =>
    names.map((name, i) => damageOf(name, format, f + i + 1)),
  );
  const [first, ...others] = matrices;
  if (!first) throw new Error('a report has scores');
  return {
    run: {
      ...run,
      method: 'price',
      metrics: formats.map((format) => `${format}.predicted_kl`),
      params: { run: fisherId, formats },
      dataset: null,
      priced_run: { run_id: fisherId, groups },
    },
    scores,
    // One that has no marginals.
    damage: { matrices: [{ ...first, products: undefined }, ...others] },
  };
}

async function get(query: string) {
  const response = await test.app.inject(`/damage?${query}`);
  return { status: response.statusCode, body: response.json() };
}

it('predicts what each format does to each matrix, and to all of them', async () => {
  const { status, body } = await get(`model=org/tiny&formats=nvfp4`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ run_id: pricedId, priced_run: { run_id: fisherId, groups } });
  expect(body.data).toHaveLength(3);
  const tokens = groups.reduce((sum, { targets }) => sum + targets, 0);
  // B adds up to (1 + 2 + 3 + 1 + 2 + 3 + 1 + 2) times the price, R to 36.
  const expected = (2 * 15) / 36 / tokens / 2;
  const [each] = body.data;
  expect(each).toMatchObject({
    format: 'nvfp4',
    tier: 'priced',
    bits_per_weight: 4.5,
    scalar_kl: 4,
  });
  expect(each.predicted_kl).toBeCloseTo(expected, 12);
  expect(each.standard_error).toBeGreaterThan(0);
  expect(each.confidence_interval[1] - each.predicted_kl).toBeCloseTo(
    2.364624 * each.standard_error,
    6,
  );
  const [total] = body.totals;
  expect(total).toMatchObject({ format: 'nvfp4', matrices: 3, bits_per_weight: 4.5 });
  expect(total.predicted_kl).toBeCloseTo((expected / 2) * (2 + 3 + 4), 12);
});

it('says which predictions are of the scalar form', async () => {
  const { body } = await get(`run=${fisherId}`);
  const ofFormat = body.data.filter(({ format }: { format: string }) => format === 'int4_g32');
  expect(ofFormat.map(({ tier }: { tier: string }) => tier)).toEqual([
    'scalar',
    'priced',
    'priced',
  ]);
  expect(ofFormat[0]).toMatchObject({
    predicted_kl: 2,
    standard_error: 0.1,
    confidence_interval: null,
  });
  const [total] = body.totals;
  expect(total).toMatchObject({ format: 'int4_g32', standard_error: null });
  expect(total.predicted_kl).toBeGreaterThan(2);
});

it.each([
  ['', 422, 'say which model, or which run'],
  ['model=org/none', 404, 'org/none has no priced formats'],
  ['model=org/tiny&revision=r9', 404, 'org/tiny at r9 has no priced formats'],
  ['model=org/tiny&formats=int4_g32,int9', 422, '"int9", but of int4_g32, nvfp4'],
  ['run=run_01935b7c-0000-7000-8000-000000000000', 404, 'run_01935b7c-0000-7000-8000-000000000000'],
])('answers %j with %i', async (query, status, message) => {
  const answer = await get(query);
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).toContain(JSON.stringify(message).slice(1, -1));
});
