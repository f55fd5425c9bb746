import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { LayersenseError, toProblem, WebhookDeliveryList } from '@layersense/contracts';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../test-support/test-app.js';
import { deliverDue } from './deliver-webhooks.js';
import type { SendOptions } from './send-webhook.js';

const secretText = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const secret = Buffer.alloc(32, 7);
const open: SendOptions = { secret, allowPrivate: true };
const logger = pino({ level: 'silent' });

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let test: TestApp;
let receiver: Server;
let received: Received[];
const jobs: string[] = [];
let respond: (response: ServerResponse) => void;
const hook = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?token=t0ken`;

beforeAll(async () => {
  test = await testApp({ webhooks: open });
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body });
      respond(response);
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
});
beforeEach(() => {
  received = [];
  respond = (response) => response.writeHead(204).end();
});
afterEach(async () => {
  // Nothing of one test is due in another.
  for (const job of jobs.splice(0)) {
    for (const { id } of await test.database.webhooks.ofJob(job)) {
      await test.database.webhooks.record(id, { status: 'abandoned' });
    }
  }
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await test.close();
});

async function makeDue(jobId: string): Promise<void> {
  for (const { id } of await test.database.webhooks.ofJob(jobId)) {
    await test.database.webhooks.record(id, { status: 'pending', nextAttemptAt: new Date() });
  }
}

async function canceledJob(webhook_url = hook()): Promise<string> {
  const payload = { model: 'org/tiny', method: 'magnitude', webhook_url };
  const created = await test.app.inject({ method: 'POST', url: '/jobs', payload });
  expect(created.statusCode).toBe(202);
  const { id } = created.json();
  jobs.push(id);
  expect((await test.app.inject({ method: 'POST', url: `/jobs/${id}/cancel` })).statusCode).toBe(
    200,
  );
  return id;
}

const deliver = (send: SendOptions = open) => deliverDue({ database: test.database, send, logger });

async function onlyDelivery(id: string) {
  const answer = await test.app.inject(`/jobs/${id}/webhook-deliveries`);
  const { data } = WebhookDeliveryList.parse(answer.json());
  expect(data).toHaveLength(1);
  return data[0];
}

describe('the end of a job', () => {
  it('is told once, signed as Standard Webhooks says', async () => {
    const id = await canceledJob();
    expect(await onlyDelivery(id)).toMatchObject({ status: 'pending', attempts: 0 });
    expect(await deliver()).toBe(1);
    expect(await deliver()).toBe(0);
    const [message] = received;
    const event = new Webhook(secretText).verify(
      message?.body ?? '',
      message?.headers as Record<string, string>,
    );
    expect(event).toMatchObject({ type: 'job.canceled', data: { id, status: 'canceled' } });
    const forged = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`);
    expect(() =>
      forged.verify(message?.body ?? '', message?.headers as Record<string, string>),
    ).toThrow();
    expect(await onlyDelivery(id)).toMatchObject({
      id: message?.headers['webhook-id'],
      status: 'delivered',
      attempts: 1,
      last_response_status: 204,
      next_attempt_at: null,
    });
  });

  it('is told of a failure, and again when the job is retried and fails again', async () => {
    const job = await test.database.jobs.create({
      spec: { model: 'a', method: 'magnitude', params: {}, device: 'auto' },
      metadata: {},
      webhook_url: hook(),
    });
    jobs.push(job.id);
    const problem = toProblem(new LayersenseError('model_not_found', 'no'));
    await test.database.jobs.transitions.fail(job.id, problem);
    await test.database.jobs.transitions.retry(job.id);
    await test.database.jobs.transitions.fail(job.id, problem);
    expect(await deliver()).toBe(2);
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(['job.failed', 'job.failed']);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  it('is nobody’s business without a webhook_url', async () => {
    const payload = { model: 'org/tiny', method: 'magnitude' };
    const { id } = (await test.app.inject({ method: 'POST', url: '/jobs', payload })).json();
    await test.app.inject({ method: 'POST', url: `/jobs/${id}/cancel` });
    expect(await deliver()).toBe(0);
  });

  it('is told by one of many processes', async () => {
    for (let n = 0; n < 5; n++) await canceledJob();
    const attempts = await Promise.all([deliver(), deliver(), deliver()]);
    expect(attempts.reduce((a, b) => a + b)).toBe(5);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
  });
});

describe('a delivery that fails', () => {
  it.each([
    [500, 'pending'],
    [404, 'pending'],
    [302, 'pending'],
    [410, 'abandoned'],
  ])('with %s is %s', async (code, status) => {
    respond = (response) => response.writeHead(code, { location: hook() }).end();
    const id = await canceledJob();
    await deliver();
    // A redirect was not followed.
    expect(received).toHaveLength(1);
    expect(await onlyDelivery(id)).toMatchObject({ status, last_response_status: code });
  });

  it('is tried again under the same id and with the same body, and given up after ten', async () => {
    respond = (response) => response.writeHead(503).end();
    const id = await canceledJob();
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(await deliver()).toBe(1);
      expect(await deliver()).toBe(0);
      await makeDue(id);
    }
    expect(await deliver()).toBe(0);
    expect(await onlyDelivery(id)).toMatchObject({ status: 'abandoned', attempts: 10 });
    expect(new Set(received.map(({ headers, body }) => headers['webhook-id'] + body)).size).toBe(1);
  });

  it('with no answer in time, or with nobody there, is tried again', async () => {
    respond = () => undefined;
    const silent = await canceledJob();
    await deliver({ ...open, timeoutMs: 200 });
    expect(await onlyDelivery(silent)).toMatchObject({
      status: 'pending',
      last_error: 'No answer in time.',
    });
    const nobody = await canceledJob('http://127.0.0.1:9/');
    await deliver();
    expect((await onlyDelivery(nobody))?.last_error).toContain('ECONNREFUSED');
  });

  it('does not read what the receiver goes on saying', async () => {
    respond = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.once('close', () => clearInterval(timer));
    };
    const id = await canceledJob();
    await deliver();
    expect(await onlyDelivery(id)).toMatchObject({ status: 'delivered' });
  });

  it('because its process died is anybody’s again when its lease ends', async () => {
    const id = await canceledJob();
    expect(await test.database.webhooks.takeDue(10, 60)).toHaveLength(1);
    expect(await deliver()).toBe(0);
    await makeDue(id);
    expect(await deliver()).toBe(1);
    expect(await onlyDelivery(id)).toMatchObject({ status: 'delivered', attempts: 2 });
  });
});

describe('addresses', () => {
  it('are checked when the job is submitted', async () => {
    const strict = await testApp({ webhooks: { secret, allowPrivate: false } });
    const disabled = await testApp();
    const submit = async ({ app }: TestApp, webhook_url: unknown) => {
      const payload = { model: 'org/tiny', method: 'magnitude', webhook_url };
      const answer = await app.inject({ method: 'POST', url: '/jobs', payload });
      return [answer.statusCode, answer.json().code];
    };
    for (const url of ['http://example.org/', 'https://169.254.169.254/latest', 'https://[::1]/'])
      expect(await submit(strict, url)).toEqual([422, 'webhook_url_not_allowed']);
    for (const url of [
      'file:///etc/passwd',
      'gopher://x',
      'x',
      '',
      5,
      `https://a/${'x'.repeat(3000)}`,
    ])
      expect(await submit(strict, url)).toEqual([422, 'invalid_request']);
    expect(await submit(strict, 'https://example.org/')).toEqual([202, undefined]);
    expect(await submit(disabled, 'https://example.org/')).toEqual([422, 'webhooks_disabled']);
    await strict.close();
    await disabled.close();
  });

  it('are checked again when they are used, and no connection is made', async () => {
    const id = await canceledJob(
      hook().replace('http:', 'https:').replace('127.0.0.1', 'hook.example'),
    );
    let asked = 0;
    const rebound: SendOptions = {
      secret,
      allowPrivate: false,
      resolve: (_host, _options, callback) => {
        asked++;
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    };
    let connections = 0;
    const count = () => connections++;
    receiver.on('connection', count);
    await deliver(rebound);
    receiver.off('connection', count);
    expect([asked, connections]).toEqual([1, 0]);
    expect((await onlyDelivery(id))?.last_error).toContain('not on the public internet');
  });

  it('are shown without their query, which may hold a secret', async () => {
    const id = await canceledJob();
    const shown = await test.app.inject(`/jobs/${id}/webhook-deliveries`);
    expect(shown.body).not.toContain('t0ken');
    await deliver();
    expect(received[0]?.url).toContain('t0ken');
  });
});
