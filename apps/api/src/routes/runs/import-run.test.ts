import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../../test-support/test-app.js';

const seed = new URL('../../../../../../shared/data/taskquant/seed/', import.meta.url);
const model = 'Qwen/Qwen2.5-Math-1.5B-Instruct';

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

async function importMap(payload: object) {
  const response = await test.app.inject({ method: 'POST', url: '/runs/import', payload });
  return { status: response.statusCode, headers: response.headers, body: response.json() };
}

async function scores(query: string): Promise<{ layer: string; value: number; rank: number }[]> {
  return (await test.app.inject(`/scores?${query}`)).json().data;
}

describe('POST /runs/import', () => {
  it('ranks the scores and says that they are imported', async () => {
    const { status, headers, body } = await importMap({
      model: 'org/tiny',
      dataset: 'gsm8k',
      method: 'fisher',
      source: 'a paper',
      examples: 8,
      scores: { 'b.weight': 1, 'model.layers.3.mlp.up_proj.weight': 5, 'a.weight': 3 },
    });
    expect(status).toBe(201);
    expect(headers.location).toBe(`/runs/${body.run.id}`);
    expect(body.imported).toBe(3);
    expect(body.run).toMatchObject({
      imported: true,
      source: 'a paper',
      metrics: ['sum'],
      model: { name: 'org/tiny', revision: 'unknown', files: [] },
      dataset: { name: 'gsm8k', examples: 8, tokens: null, fingerprint: null },
    });
    expect(await scores('model=org/tiny')).toMatchObject([
      { layer: 'model.layers.3.mlp.up_proj', module: 'up_proj', block: 3, value: 5, rank: 1 },
      { layer: 'a', value: 3, rank: 2 },
      { layer: 'b', value: 1, rank: 3 },
    ]);
  });

  it('takes a map of a model with 254 matrices', async () => {
    const map = Object.fromEntries(
      Array.from({ length: 254 }, (_, i) => [`model.layers.${i}.mlp.up_proj.weight`, 254 - i]),
    );
    const payload = { model: 'org/large', method: 'magnitude', source: 'a test', scores: map };
    expect((await importMap(payload)).body.imported).toBe(254);
    const top = await scores('model=org/large&sort=-value&top=5');
    expect(top.map(({ value }) => value)).toEqual([254, 253, 252, 251, 250]);
  });

  it('of formats asks which metric the scores are of, where nothing says which formats', async () => {
    const map = {
      model: 'org/formats',
      method: 'format_error',
      source: 'a test',
      scores: { w: 1 },
    };
    const refused = await importMap(map);
    expect(refused.body).toMatchObject({ code: 'invalid_request' });
    expect(refused.body.detail).toContain('Say with `metric` which metric');
    const metric = 'int4_g32.squared_error';
    expect((await importMap({ ...map, metric })).body.run.metrics).toEqual([metric]);
    const ofFormats = await importMap({ ...map, params: { formats: ['nvfp4'] } });
    expect(ofFormats.body.run.metrics).toEqual(['nvfp4.squared_error']);
  });

  it.each([
    ['no scores', { scores: {} }],
    ['a score that is text', { scores: { 'a.weight': '1' } }],
    ['a score that is beyond numbers', { scores: { 'a.weight': null } }],
    ['a metric of another method', { metric: 'l1' }],
    ['no source', { source: '' }],
  ])('refuses %s', async (_, change) => {
    const request = { model: 'm', method: 'fisher', source: 's', scores: { 'a.weight': 1 } };
    const { status, body } = await importMap({ ...request, ...change });
    expect(status).toBe(422);
    expect(body.code).toBe('invalid_request');
    expect(await scores('model=m')).toEqual([]);
  });

  const published = existsSync(seed);
  if (!published)
    process.stderr.write('\nSKIPPED: the published maps are not beside this folder.\n\n');
  it.skipIf(!published)('answers what the published maps say', async () => {
    for (const [method, dataset, file] of [
      ['fisher', 'gsm8k', 'fisher_gsm8k.json'],
      ['fisher', 'wikitext', 'fisher_wikitext.json'],
      ['magnitude', undefined, 'magnitude_gsm8k.json'],
    ]) {
      const map = JSON.parse(readFileSync(new URL(file ?? '', seed), 'utf8'));
      const { body } = await importMap({
        model,
        method,
        ...(dataset ? { dataset } : {}),
        source: 'TaskQuant',
        scores: map,
      });
      expect(body.imported).toBe(254);
    }
    const outsideEmbeddings = async (dataset: string) =>
      (await scores(`model=${model}&dataset=${dataset}&method=fisher&sort=-value&top=5`)).filter(
        ({ layer }) => layer !== 'model.embed_tokens' && layer !== 'lm_head',
      );
    const [gsm8k] = await outsideEmbeddings('gsm8k');
    expect(gsm8k?.layer).toBe('model.layers.0.self_attn.v_proj');
    expect(gsm8k?.value).toBeCloseTo(21.968, 3);
    const [wikitext] = await outsideEmbeddings('wikitext');
    expect(wikitext?.layer).toBe('model.layers.0.self_attn.v_proj');
    expect(wikitext?.value).toBeCloseTo(431.223, 3);
    const [gate] = await scores(
      `model=${model}&method=magnitude&layer=model.layers.4.mlp.gate_proj`,
    );
    expect(gate?.value).toBe(440_320);
  });
});
