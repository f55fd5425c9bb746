import type { LayerScore } from '@layersense/contracts';
import type { NewReport } from '@layersense/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fisherReport } from '../../test-support/fisher-report.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

const get = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await test.app.inject({ url, headers });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
};
const getJson = async (url: string) => JSON.parse((await get(url)).text);
const save = (report: NewReport) => test.database.runs.save(report);

/** Every `data` of a list, page by page. */
async function walk(url: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (let cursor = ''; ; ) {
    const page = await getJson(`${url}limit=2${cursor}`);
    expect(page.object).toBe('list');
    expect(page.data.length).toBeLessThanOrEqual(2);
    rows.push(...page.data);
    if (!page.has_more) return rows;
    cursor = `&cursor=${page.next_cursor}`;
  }
}

describe('what there is', () => {
  const models = ['a/one', 'a/two', 'a/three', 'a/four', 'a/five'];
  beforeAll(async () => {
    for (const name of models) await save(fisherReport({ model: name, rows: [0, 1] }));
    await save(fisherReport({ model: 'a/one', rows: [2, 3], dataset: 'math' }));
  });

  it('is listed by model, the newest first', async () => {
    const rows = await walk('/models?');
    expect(rows.map(({ name, runs }) => [name, runs])).toEqual([
      ['a/one', 2],
      ...models
        .slice(1)
        .reverse()
        .map((name) => [name, 1]),
    ]);
    expect((await getJson('/models?name=a/two')).data).toHaveLength(1);
  });

  it('is listed by dataset', async () => {
    const rows = await walk('/datasets?');
    expect(rows.map(({ name, runs }) => [name, runs])).toEqual([
      ['math', 1],
      ['gsm8k', 5],
    ]);
  });

  it('is listed by run, without what grows with the examples', async () => {
    const rows = await walk('/runs?');
    expect(rows).toHaveLength(6);
    const { dataset, ...newest } = rows[0] as { id: string; dataset: object };
    expect(newest).not.toHaveProperty('example_losses');
    expect(dataset).toMatchObject({ name: 'math', examples: 2 });
    expect(dataset).not.toHaveProperty('indices');
    expect(await getJson(`/runs/${newest.id}`)).toMatchObject(rows[0] ?? {});
    expect((await getJson('/runs?model=a/one&dataset=gsm8k&imported=false')).data).toHaveLength(1);
    expect((await getJson('/runs?revision=none')).data).toEqual([]);
    expect((await getJson('/runs?imported=true')).data).toEqual([]);
  });

  it('refuses the cursor of another list', async () => {
    const { next_cursor } = await getJson('/models?limit=1');
    for (const url of ['/runs?', '/datasets?', '/jobs?', '/models?name=a/one&']) {
      const { status, text } = await get(`${url}cursor=${next_cursor}`);
      expect([url, status, JSON.parse(text).code]).toEqual([url, 422, 'invalid_request']);
    }
  });
});

describe('GET /methods', () => {
  it('says what may be asked', async () => {
    const { data } = await getJson('/methods');
    expect(data.map(({ name }: { name: string }) => name)).toEqual([
      'fisher',
      'magnitude',
      'format_error',
      'measure',
      'price',
    ]);
    const [fisher] = data;
    expect(fisher).toMatchObject({ needs_dataset: true, metrics: ['sum', 'density'] });
    expect(fisher.definition).toContain('Σₙ');
    expect(fisher.params.properties.examples).toMatchObject({ type: 'integer', default: 64 });
    expect(fisher.params.additionalProperties).toBe(false);
    expect(fisher.params.required ?? []).toEqual([]);
    const { headers } = await get('/methods');
    expect((await get('/methods', { 'if-none-match': String(headers.etag) })).status).toBe(304);
  });
});

describe('GET /scores', () => {
  it('answers CSV and NDJSON with the rows of the JSON', async () => {
    const url = '/scores?model=a/one&dataset=math';
    const { data } = await getJson(url);
    expect(data.length).toBeGreaterThan(1);
    const ndjson = await get(url, { accept: 'application/x-ndjson' });
    const lines = ndjson.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(data);
    const csv = (await get(url, { accept: 'text/csv' })).text.trimEnd().split('\r\n');
    const cells = csv.map((row) => row.split(','));
    const column = (name: string) =>
      cells.slice(1).map((row) => row[cells[0]?.indexOf(name) ?? -1]);
    const given = (name: string) => data.map((row: Record<string, unknown>) => String(row[name]));
    for (const name of ['model', 'layer', 'value', 'rank', 'n', 'standard_error', 'run_id']) {
      expect(column(name)).toEqual(given(name));
    }
    expect(column('confidence_high').map(Number)).toEqual(
      data.map((row: { confidence_interval: number[] }) => row.confidence_interval[1]),
    );
    expect((await get(url, { accept: 'image/png' })).status).toBe(406);
  });
});

describe('POST /runs/merge', () => {
  const merge = async (runs: unknown) => {
    const answer = await test.app.inject({ method: 'POST', url: '/runs/merge', payload: { runs } });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  const runOf = async (rows: number[], changes: { loss?: 'sequence-sum' } = {}) =>
    (await save(fisherReport({ model: 'm/merged', rows, ...changes }))).id;

  it('stores the run over all examples, once', async () => {
    const halves = [await runOf([0, 1, 2]), await runOf([3, 4])];
    const { status, headers, body } = await merge(halves);
    expect(status).toBe(201);
    expect(headers.location).toBe(`/runs/${body.id}`);
    expect(body.derived_from).toEqual([
      { run_id: halves[0], examples: 3 },
      { run_id: halves[1], examples: 2 },
    ]);
    const stored = await test.database.runs.report(body.id, { perExample: true });
    const whole = fisherReport({ model: 'm/merged', rows: [0, 1, 2, 3, 4] });
    const numbers = (scores: readonly LayerScore[]) =>
      scores
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ parameter, n, values, standard_error, rank, per_example }) => ({
          parameter,
          n,
          values,
          standard_error,
          rank,
          per_example,
        }));
    expect(numbers(stored.scores)).toEqual(numbers(whole.scores));
    const again = await merge(halves.toReversed());
    expect([again.status, again.body.id]).toEqual([200, body.id]);
  });

  it('refuses what does not fit together', async () => {
    const one = await runOf([10, 11]);
    const overlapping = await merge([one, await runOf([11, 12])]);
    expect([overlapping.status, overlapping.body.code]).toEqual([422, 'runs_overlap']);
    const other = await merge([one, await runOf([13], { loss: 'sequence-sum' })]);
    expect([other.status, other.body.code]).toEqual([422, 'runs_incompatible']);
    const unknown = await merge([one, 'run_01935b7c-0000-7000-8000-000000000000']);
    expect(unknown.status).toBe(404);
    const many = await save(
      fisherReport({ model: 'm/merged', rows: Array.from({ length: 4096 }, (_, i) => i + 100) }),
    );
    expect((await merge([one, many.id])).body.detail).toContain('layersense merge');
    for (const runs of [[one], 'x', [one, 7]]) expect((await merge(runs)).status).toBe(422);
  });
});
