import { Problem } from '@layersense/contracts';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../test-support/test-app.js';

let test: TestApp;
beforeAll(async () => {
  test = await testApp({ bodyLimitBytes: 1024 });
  test.app.get('/fault', () => {
    throw new Error('secret: the password is hunter2');
  });
});
afterAll(() => test.close());

async function problem(options: string | InjectOptions): Promise<Problem> {
  const response = await test.app.inject(options);
  expect(response.headers['content-type']).toContain('application/problem+json');
  const body = Problem.parse(response.json());
  expect(body.status).toBe(response.statusCode);
  return body;
}

const json = { 'content-type': 'application/json' };

describe('errors of requests', () => {
  it.each([
    ['half an object', '{"model":', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['a list', '[]', 422, 'invalid_request'],
    ['null', 'null', 422, 'invalid_request'],
    ['2000 characters', `{"model":"${'x'.repeat(2000)}"}`, 413, 'body_too_large'],
  ])('answers a body that is %s', async (_, payload, status, code) => {
    const answer = await problem({ method: 'POST', url: '/jobs', headers: json, payload });
    expect(answer).toMatchObject({ status, code });
  });

  it('wants JSON', async () => {
    const headers = { 'content-type': 'text/xml' };
    const answer = await problem({ method: 'POST', url: '/jobs', headers, payload: '<job/>' });
    expect(answer).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(answer.detail).toContain('text/xml');
  });

  it('knows neither the route nor the method', async () => {
    expect(await problem('/nothing?a=1')).toMatchObject({
      code: 'not_found',
      detail: 'There is no GET /nothing.',
    });
    expect(await problem({ method: 'DELETE', url: '/jobs' })).toMatchObject({ code: 'not_found' });
  });

  it('survives an address that is not one', async () => {
    expect((await problem('/jobs/%c0%af')).status).toBeLessThan(500);
    expect((await problem(`/jobs/${'x'.repeat(200)}`)).status).toBeLessThan(500);
  });
});

it('keeps the words of an unexpected error to the log', async () => {
  const answer = await problem('/fault');
  expect(answer).toMatchObject({ status: 500, code: 'internal' });
  expect(JSON.stringify(answer)).not.toContain('hunter2');
});

it('sends the headers that a browser wants', async () => {
  const { headers } = await test.app.inject('/healthz');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-security-policy']).toContain("default-src 'self'");
});
