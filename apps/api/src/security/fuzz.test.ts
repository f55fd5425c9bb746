import { Problem } from '@layersense/contracts';
import { nonEmpty } from '@layersense/testing';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type OpenApiDocument,
  randomRequests,
  seededRandom,
} from '../test-support/random-requests.js';
import { type TestApp, testApp } from '../test-support/test-app.js';

const SEED = 20_261_123;
const REQUESTS = 1000;

let test: TestApp;
let password: string;
const ids: string[] = [];
beforeAll(async () => {
  const secret = Buffer.alloc(32, 7);
  test = await testApp({ webhooks: { secret, allowPrivate: false }, bodyLimitBytes: 65_536 });
  password = new URL(test.databaseUrl).password;
  expect(password.length).toBeGreaterThan(5);
  const scores = { 'layers.0.q_proj.weight': 1, w: 2 };
  const payload = { model: 'org/tiny', method: 'magnitude', source: 'x', scores };
  const imported = await test.app.inject({ method: 'POST', url: '/runs/import', payload });
  const spec = { model: 'org/tiny', method: 'magnitude' };
  const created = await test.app.inject({ method: 'POST', url: '/jobs', payload: spec });
  ids.push(imported.json().run.id, created.json().id);
});
afterAll(() => test.close());

it('answers a thousand requests made from its own description without a fault', async () => {
  const document = test.app.swagger() as unknown as OpenApiDocument;
  const next = randomRequests(document, [ids[0] ?? '', ...ids.slice(1)]);
  const random = seededRandom(SEED);
  const statuses = new Map<number, number>();
  const refused: { readonly about: string; readonly answer: LightMyRequestResponse }[] = [];
  for (let n = 0; n < REQUESTS; n++) {
    const request = next(random);
    const answer = await test.app.inject(request);
    const about = `request ${n} of seed ${SEED}: ${JSON.stringify(request)} → ${answer.body}`;
    const { statusCode } = answer;
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    expect(statusCode === 503 || statusCode < 500, about).toBe(true);
    expect(answer.body.includes(password), about).toBe(false);
    expect(answer.body, about).not.toMatch(/\n? {4}at |node_modules|prisma\.|postgres:\/\//);
    if (statusCode >= 400) refused.push({ about, answer });
  }
  for (const { about, answer } of nonEmpty(refused)) {
    expect(answer.headers['content-type'], about).toContain('application/problem+json');
    expect(Problem.parse(answer.json()).status, about).toBe(answer.statusCode);
  }
  // It reaches what it is meant to reach: routes that work, and each way of refusing.
  for (const status of [200, 201, 202, 400, 404, 415, 422]) {
    expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0]);
  }
});
