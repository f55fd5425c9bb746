import { type AddressInfo, connect } from 'node:net';
import { Problem } from '@layersense/contracts';
import { nonEmpty } from '@layersense/testing';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../test-support/test-app.js';

let test: TestApp;
let port: number;
beforeAll(async () => {
  test = await testApp({ allowedRoots: ['/srv/models'] });
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  port = (test.app.server.address() as AddressInfo).port;
});
afterAll(() => test.close());

/** Sends bytes as they are, and answers with all that comes back before the connection ends. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.once('error', () => resolve(answer));
    socket.once('close', () => resolve(answer));
    socket.setTimeout(20_000, () => reject(new Error('the connection stayed open')));
  });
}

const problemOf = (answer: string): Problem =>
  Problem.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)));

const stillAnswers = async () => expect((await test.app.inject('/healthz')).statusCode).toBe(200);

describe('what is hardly HTTP', () => {
  it.each([
    ['a header of 20 kB', `GET /jobs HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['3000 headers', `GET /jobs HTTP/1.1\r\nhost: x\r\n${'a: bcdefg\r\n'.repeat(3000)}\r\n`],
    ['an address of 20 kB', `GET /jobs?x=${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ])('%s is answered with 431', async (_, bytes) => {
    const answer = await send(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(problemOf(answer)).toMatchObject({ status: 431, code: 'headers_too_large' });
    await stillAnswers();
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a bad length', 'POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n'],
    [
      'two lengths',
      'POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a line break', 'GET /jobs HTTP/1.1\r\nhost: x\r\na: b\rc: d\r\n\r\n'],
  ])('%s is answered with 400', async (_, bytes) => {
    const answer = await send(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(problemOf(answer)).toMatchObject({ status: 400 });
    await stillAnswers();
  });

  it('waits for slow clients, but not for ever', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = test.app.server;
    expect([headersTimeout, requestTimeout, keepAliveTimeout]).toEqual([30_000, 60_000, 72_000]);
  });
});

const post = (payload: string | object, url = '/jobs') =>
  test.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

describe('bodies', () => {
  it.each([
    ['a prototype', '{"model":"a/b","method":"magnitude","__proto__":{"admin":true}}'],
    ['a constructor', '{"model":"a/b","method":"magnitude","constructor":{"prototype":{"x":1}}}'],
    ['one inside', '{"model":"a/b","method":"magnitude","metadata":{"__proto__":{"x":"1"}}}'],
    ['one in a map', '{"model":"a","method":"fisher","source":"x","scores":{"__proto__":1}}'],
  ])('with %s change no object', async (_, payload) => {
    for (const url of ['/jobs', '/runs/import']) {
      expect((await post(payload, url)).statusCode).toBeLessThan(500);
    }
    const pristine: Record<string, unknown> = {};
    expect([pristine.admin, pristine.x]).toEqual([undefined, undefined]);
  });

  it('that are nested 100,000 deep are refused', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const payload of [deep, `{"model":${deep},"method":"magnitude"}`]) {
      expect((await post(payload)).statusCode).toBe(422);
    }
    const params = `{"model":"a","method":"fisher","source":"x","scores":{"w":1},"params":{"x":${deep}}}`;
    expect((await post(params, '/runs/import')).statusCode).toBe(422);
  });

  it('cannot say where models come from', async () => {
    const base = { model: 'a/b', method: 'fisher', dataset: 'gsm8k' };
    for (const name of ['HF_ENDPOINT', 'hub', 'endpoint', 'env', 'HF_TOKEN', 'allowedRoots']) {
      const value = 'http://169.254.169.254/';
      for (const payload of [
        { ...base, [name]: value },
        { ...base, params: { [name]: value } },
        { ...base, dataset: { name: 'gsm8k', [name]: value } },
      ]) {
        const answer = await post(payload);
        expect(answer.statusCode).toBe(422);
        expect(answer.json().code).toBe('invalid_request');
      }
    }
  });
});

describe('paths', () => {
  it.each([
    '/etc/passwd',
    '/srv/models/../../etc/passwd',
    '/srv/models/../models-of-others/x',
    '/srv/modelsx',
    '../../etc',
    './x',
    '..',
    '~root/.ssh',
    '\\\\server\\share',
    'C:\\Windows',
  ])('%j is not allowed as a model', async (model) => {
    const answer = await post({ model, method: 'magnitude' });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'path_not_allowed']);
  });

  it.each(['/etc/passwd.jsonl', '../x.txt', '/srv/models/../../x.parquet', 'x/y'])(
    '%j is not allowed as a dataset',
    async (name) => {
      for (const dataset of [name, { name }]) {
        const answer = await post({ model: 'a/b', method: 'fisher', dataset });
        expect([answer.statusCode, answer.json().code]).toEqual([403, 'path_not_allowed']);
      }
    },
  );

  it('with a NUL byte are refused before anything is stored', async () => {
    const answer = await post({ model: '/srv/models/x\u0000y', method: 'magnitude' });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'invalid_request']);
  });

  it('that are encoded are not decoded twice', async () => {
    for (const url of [
      '/jobs/..%2f..%2fetc',
      '/jobs/%2e%2e/x',
      '/docs/..%2f..%2fpackage.json',
      '/docs/static/..%2f..%2fpackage.json',
      '//etc/passwd',
      '/%00',
    ]) {
      const answer = await test.app.inject(url);
      expect([400, 404]).toContain(answer.statusCode);
      expect(answer.body).not.toContain('"dependencies"');
    }
  });
});

describe('SQL', () => {
  const attempts = [
    "' OR '1'='1",
    "'; DROP TABLE job; --",
    '1; SELECT pg_sleep(10)',
    "') UNION SELECT hash::text FROM api_key --",
    '%',
    '_____',
    '\\',
    "E'\\x27'",
    '$1',
    '*'.repeat(200),
    '[a-z]*'.repeat(50),
    '\u0000',
    '\ud800',
    '🦄'.repeat(100),
  ];
  const filters = {
    '/jobs': ['status', 'model', 'method', 'cursor', 'limit'],
    '/scores': [
      'model',
      'revision',
      'dataset',
      'method',
      'metric',
      'layer',
      'module',
      'block',
      'run_id',
      'sort',
      'top',
    ],
  };

  it('in any filter is text', async () => {
    const imported = { model: 'a/b', method: 'magnitude', source: 'x', scores: { w: 1 } };
    expect((await post(imported, '/runs/import')).statusCode).toBe(201);
    const asked = Object.entries(filters).flatMap(([url, names]) =>
      names.flatMap((name) => attempts.map((attempt) => ({ url, name, attempt }))),
    );
    const found: [string, unknown][] = [];
    for (const { url, name, attempt } of nonEmpty(asked)) {
      const answer = await test.app.inject({ url, query: { [name]: attempt } });
      const about = String([name, attempt, answer.statusCode]);
      expect(answer.statusCode, about).toBeLessThan(500);
      expect(answer.body).not.toMatch(/syntax error at|SQLSTATE|prisma/i);
      // A layer is a pattern, and some of these are patterns of every layer.
      const isFound = answer.statusCode === 200 && name !== 'layer';
      if (isFound) found.push([about, answer.json().data]);
    }
    for (const [about, data] of nonEmpty(found)) expect(data, about).toEqual([]);
    expect((await test.app.inject('/scores')).json().data).toHaveLength(1);
  });

  it('in an id is an unknown id', async () => {
    for (const attempt of attempts) {
      for (const path of ['/jobs/', '/runs/']) {
        const url = path + encodeURIComponent(attempt.replace('\ud800', ''));
        const { statusCode } = await test.app.inject(url as InjectOptions['url'] & string);
        expect(statusCode).toBeGreaterThanOrEqual(400);
        expect(statusCode).toBeLessThan(500);
      }
    }
  });
});

describe('answers', () => {
  it('carry the headers that protect a browser, and allow no other site', async () => {
    for (const url of ['/healthz', '/jobs', '/docs/', '/nothing']) {
      const { headers } = await test.app.inject({
        url,
        headers: { origin: 'https://evil.example' },
      });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': expect.stringContaining("default-src 'self'"),
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['x-powered-by'] ?? headers.server).toBeUndefined();
    }
    const preflight = await test.app.inject({
      method: 'OPTIONS',
      url: '/jobs',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.statusCode).toBe(404);
  });
});
