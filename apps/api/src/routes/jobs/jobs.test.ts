import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveFisherRun } from '../../test-support/save-fisher-run.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

let test: TestApp;
beforeAll(async () => {
  test = await testApp({ allowedRoots: ['/models'] });
});
afterAll(() => test.close());

const magnitude = { model: 'org/tiny', method: 'magnitude' };

async function post(url: string, payload?: object) {
  const response = await test.app.inject({ method: 'POST', url, ...(payload ? { payload } : {}) });
  return { status: response.statusCode, headers: response.headers, body: response.json() };
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await test.app.inject({ method: 'GET', url, headers });
  return { status: response.statusCode, headers: response.headers, text: response.body };
}

const getJson = async (url: string) => {
  const { status, headers, text } = await get(url);
  return { status, headers, body: JSON.parse(text) };
};

describe('POST /jobs', () => {
  it('accepts a job with its defaults filled in', async () => {
    const { status, headers, body } = await post('/jobs', {
      model: 'org/tiny',
      method: 'fisher',
      dataset: 'gsm8k',
      metadata: { ticket: 'Q-17' },
    });
    expect(status).toBe(202);
    expect(headers.location).toBe(`/jobs/${body.id}`);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(body).toMatchObject({
      object: 'job',
      status: 'queued',
      metadata: { ticket: 'Q-17' },
      request: {
        dataset: { name: 'gsm8k' },
        params: { examples: 64, max_length: 2048, seed: 42, labels: 'data' },
      },
    });
  });

  it('keeps how to compute apart from what is computed', async () => {
    const how = { priority: 3, timeout_seconds: 600, shards: 4 };
    const what = { model: 'org/tiny', method: 'fisher', dataset: 'gsm8k' };
    const { body } = await post('/jobs', { ...what, ...how });
    expect(body).toMatchObject(how);
    const plain = await post('/jobs', what);
    expect(plain.body).toMatchObject({ priority: 0, timeout_seconds: null, shards: 1 });
    expect(body.request).toEqual(plain.body.request);
  });

  it('names every field that is not valid', async () => {
    const { status, headers, body } = await post('/jobs', {
      model: 'org/tiny',
      method: 'fisher',
      dataset: 'gsm8k',
      params: { examples: 0, colour: 'red' },
    });
    expect(status).toBe(422);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ code: 'invalid_request', status: 422, retryable: false });
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/params/colour',
      '/params/examples',
    ]);
  });

  it.each([
    ['no method', { model: 'org/tiny' }, '/method'],
    ['an unknown method', { model: 'org/tiny', method: 'hessian' }, '/method'],
    ['no model', { method: 'magnitude' }, '/model'],
    ['fisher without a dataset', { model: 'org/tiny', method: 'fisher' }, '/dataset'],
    ['a dataset for magnitude', { ...magnitude, dataset: 'gsm8k' }, '/dataset'],
    ['a priority out of range', { ...magnitude, priority: 11 }, '/priority'],
    ['a timeout of nothing', { ...magnitude, timeout_seconds: 0 }, '/timeout_seconds'],
    ['shards of a magnitude', { ...magnitude, shards: 2 }, '/shards'],
    ['format errors of no formats', { model: 'org/tiny', method: 'format_error' }, '/params'],
    [
      'the same format twice',
      { model: 'org/tiny', method: 'format_error', params: { formats: ['bf16', 'bf16'] } },
      '/params/formats',
    ],
    [
      'what is to be measured twice over',
      {
        ...{ model: 'org/tiny', method: 'measure', dataset: 'gsm8k' },
        params: { pairs: { formats: ['bf16'] }, assignments: [{ weights: { '*': 'bf16' } }] },
      },
      '/params/assignments',
    ],
    [
      'shards of an adaptive job',
      { ...magnitude, method: 'fisher', dataset: 'gsm8k', shards: 2, params: { until: {} } },
      '/shards',
    ],
  ])('refuses %s', async (_, payload, pointer) => {
    const { status, body } = await post('/jobs', payload);
    expect(status).toBe(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer })]);
  });

  it('refuses a format that there is none of, and says which are near', async () => {
    const params = { formats: ['int4_g32', 'int4_g33'] };
    const { status, body } = await post('/jobs', {
      model: 'org/tiny',
      method: 'format_error',
      params,
    });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'format_unknown' });
    expect(body.detail).toContain('No format is called "int4_g33"');
  });

  it('takes local paths below the allowed roots alone', async () => {
    const statusFor = async (model: string, dataset: string) =>
      (await post('/jobs', { model, method: 'fisher', dataset })).status;
    expect(await statusFor('/models/tiny', 'gsm8k')).toBe(202);
    expect(await statusFor('/models/tiny', '/models/set.jsonl')).toBe(202);
    expect(await statusFor('/models/../etc', 'gsm8k')).toBe(403);
    expect(await statusFor('/modelsandmore', 'gsm8k')).toBe(403);
    expect(await statusFor('../models/tiny', 'gsm8k')).toBe(403);
    expect(await statusFor('org/tiny', '/etc/passwd')).toBe(403);
    expect(await statusFor('org/tiny', 'passwords.txt')).toBe(403);
  });
});

describe('GET /jobs', () => {
  it('pages through a filtered list without repeating or missing a job', async () => {
    const created: string[] = [];
    for (let i = 0; i < 5; i++) {
      created.unshift((await post('/jobs', { ...magnitude, model: 'org/paged' })).body.id);
    }
    const seen: string[] = [];
    let url = '/jobs?model=org/paged&limit=2';
    for (;;) {
      const { body } = await getJson(url);
      expect(body.object).toBe('list');
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      if (!body.has_more) break;
      url = `/jobs?model=org/paged&limit=2&cursor=${encodeURIComponent(body.next_cursor)}`;
      // A newer job shifts nothing.
      await post('/jobs', { ...magnitude, model: 'org/paged' });
    }
    expect(seen).toEqual(created);
  });

  it('refuses a cursor of other filters, and limits and filters that do not exist', async () => {
    const { body } = await getJson('/jobs?limit=1');
    const cursor = encodeURIComponent(body.next_cursor);
    expect((await getJson(`/jobs?limit=1&model=other&cursor=${cursor}`)).body.code).toBe(
      'invalid_request',
    );
    expect((await getJson('/jobs?limit=0')).body.errors[0].pointer).toBe('/limit');
    expect((await getJson('/jobs?colour=red')).body.errors[0].pointer).toBe('/colour');
  });
});

describe('GET /jobs/:id', () => {
  it('shows a job, and a pace to poll at until it has ended', async () => {
    const { body: job } = await post('/jobs', magnitude);
    const running = await getJson(`/jobs/${job.id}`);
    expect(running.body).toEqual(job);
    expect(running.headers['retry-after']).toBeDefined();
    await test.database.jobs.transitions.requestCancel(job.id);
    expect((await getJson(`/jobs/${job.id}`)).headers['retry-after']).toBeUndefined();
  });

  it('says that there is no such job', async () => {
    const { status, body } = await getJson('/jobs/job_01935b7c-0000-7000-8000-000000000000');
    expect(status).toBe(404);
    expect(body.code).toBe('not_found');
  });
});

describe('POST /jobs/:id/cancel', () => {
  it('cancels a queued job at once, and again', async () => {
    const { body: job } = await post('/jobs', magnitude);
    for (let i = 0; i < 2; i++) {
      const { status, body } = await post(`/jobs/${job.id}/cancel`);
      expect(status).toBe(200);
      expect(body.status).toBe('canceled');
    }
  });

  it('asks the worker of a running job', async () => {
    const { body: job } = await post('/jobs', magnitude);
    await test.database.jobs.transitions.start(job.id, { workerId: 'test' });
    const { status, body } = await post(`/jobs/${job.id}/cancel`);
    expect(status).toBe(202);
    expect(body.status).toBe('canceling');
  });

  it('refuses when the job has succeeded', async () => {
    const { body: job } = await post('/jobs', magnitude);
    await test.database.jobs.transitions.start(job.id, { workerId: 'test' });
    await saveFisherRun(test.database, job.id);
    const { status, body } = await post(`/jobs/${job.id}/cancel`);
    expect(status).toBe(409);
    expect(body.code).toBe('job_finished');
  });
});

describe('GET /jobs/:id/scores', () => {
  const succeeded = async (): Promise<string> => {
    const { body: job } = await post('/jobs', magnitude);
    await test.database.jobs.transitions.start(job.id, { workerId: 'test' });
    await saveFisherRun(test.database, job.id);
    return job.id;
  };

  it('answers the report, with every example when asked', async () => {
    const id = await succeeded();
    const { body } = await getJson(`/jobs/${id}/scores`);
    expect(body.run).toMatchObject({ object: 'run', method: 'fisher' });
    expect(body.scores.map(({ layer }: { layer: string }) => layer)).toEqual(['lm_head', 'a,"b"']);
    expect(body.scores[0]).not.toHaveProperty('per_example');
    const detailed = await getJson(`/jobs/${id}/scores?per_example=true`);
    expect(detailed.body.scores[0].per_example).toEqual([1, 3]);
    expect((await getJson(`/runs/${body.run.id}`)).body).toEqual(body.run);
  });

  it('answers CSV when asked', async () => {
    const id = await succeeded();
    const { headers, text } = await get(`/jobs/${id}/scores`, { accept: 'text/csv' });
    expect(headers['content-type']).toContain('text/csv');
    expect(text.split('\r\n')).toEqual([
      'rank,layer,parameter,shape,numel,n,sum,density,variance,standard_error,confidence_low,confidence_high,top_k_probability,routed_tokens,routed_examples',
      expect.stringMatching(
        /^1,lm_head,lm_head\.weight,2x2,4,2,2,0\.5,2,1,-10\.7062\d+,14\.7062\d+,,,$/,
      ),
      '2,"a,""b""","a,""b"".weight",2,2,2,1,0.5,0,0,1,1,,1,1',
      '',
    ]);
  });

  it('answers NDJSON when asked, line by line with every example', async () => {
    const id = await succeeded();
    const report = (await getJson(`/jobs/${id}/scores?per_example=true`)).body;
    const accept = 'application/x-ndjson';
    const { headers, text } = await get(`/jobs/${id}/scores?per_example=true`, { accept });
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(headers.vary).toContain('accept');
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      report.scores.map((score: object) => ({ run_id: report.run.id, ...score })),
    );
    const plain = await get(`/jobs/${id}/scores`, { accept });
    expect(plain.text).not.toContain('per_example"');
  });

  it('weighs what is accepted, and refuses what there is not', async () => {
    const id = await succeeded();
    const weighed = await get(`/jobs/${id}/scores`, { accept: 'text/csv;q=0.4, application/json' });
    expect(weighed.headers['content-type']).toContain('application/json');
    const refused = await get(`/jobs/${id}/scores`, { accept: 'text/html' });
    expect(refused.status).toBe(406);
    expect(JSON.parse(refused.text).code).toBe('not_acceptable');
  });

  it('says that the job has not finished, or why it has no scores', async () => {
    const { body: job } = await post('/jobs', magnitude);
    const early = await getJson(`/jobs/${job.id}/scores`);
    expect(early.status).toBe(409);
    expect(early.body).toMatchObject({ code: 'job_unfinished', retryable: true });

    await test.database.jobs.transitions.start(job.id, { workerId: 'test' });
    await test.database.jobs.transitions.fail(job.id, {
      type: 'urn:layersense:error:model_gated',
      title: 'The model needs a token that may read it',
      status: 403,
      detail: 'org/tiny needs a token.',
      code: 'model_gated',
      retryable: false,
    });
    const late = await getJson(`/jobs/${job.id}/scores`);
    expect(late.status).toBe(409);
    expect(late.body.code).toBe('job_without_scores');
    expect(late.body.detail).toContain('org/tiny needs a token.');
  });
});
