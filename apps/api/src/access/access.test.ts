import type { Scope } from '@layersense/contracts';
import { connectDatabase } from '@layersense/database';
import { nonEmpty } from '@layersense/testing';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppConfig } from '../app-context.js';
import { type TestApp, testApp } from '../test-support/test-app.js';
import { testConfig } from '../test-support/test-config.js';
import { assertMayListen } from './exposure.js';
import { cachedKeys } from './key-cache.js';
import { type Access, accessOf, routeAccess } from './route-access.js';

const open: TestApp[] = [];
const start = async (config: Partial<AppConfig> = {}): Promise<TestApp> => {
  const app = await testApp({ auth: 'required', ...config });
  open.push(app);
  return app;
};
let test: TestApp;
beforeAll(async () => {
  test = await start();
});
afterAll(async () => {
  for (const app of open) await app.close();
});

async function keyWith(scopes: readonly Scope[], expiresAt?: Date, { database } = test) {
  const { key, stored } = await database.apiKeys.create({ name: 'test', scopes, expiresAt });
  return { prefix: stored.prefix, headers: { authorization: `Bearer ${key}` } };
}

const call = (options: InjectOptions) => test.app.inject({ url: '/jobs', ...options });

describe('every route', () => {
  /** A request to each; a path for all that begin so is asked for itself. */
  const routes = nonEmpty(Object.entries(routeAccess)).map(([route, access]) => {
    const [method, path = ''] = route.replace('* ', 'GET ').split(' ');
    const url = path.replace(':id', 'x').replace('*', '');
    return { route, access, request: { method, url } as InjectOptions };
  });
  const isOpen = (access: Access) => access === 'open' || access === 'probe';

  it('is in routeAccess', () => {
    expect(test.app.routesWithoutAccess).toEqual([]);
  });

  it('answers 401 without a key, unless it is open', async () => {
    for (const { route, access, request } of routes) {
      const { statusCode } = await test.app.inject(request);
      expect(isOpen(access) ? [200, 302] : [401], route).toContain(statusCode);
    }
  });

  it('answers 403 to a key without its scope, and says which it is', async () => {
    const all = ['jobs:read', 'jobs:write', 'scores:read', 'runs:write', 'metrics:read'] as const;
    for (const { route, access, request } of nonEmpty(
      routes.filter((each) => !isOpen(each.access)),
    )) {
      const { headers } = await keyWith(all.filter((scope) => scope !== access));
      const answer = await test.app.inject({ ...request, headers });
      expect(answer.statusCode, route).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'forbidden', context: { scope: access } });
      expect(answer.headers['www-authenticate']).toContain(`scope="${access}"`);
    }
  });

  it('that was forgotten is for administrators', () => {
    expect(accessOf('GET', '/forgotten')).toBeUndefined();
    expect(accessOf('HEAD', '/jobs')).toBe('jobs:read');
    expect(accessOf('GET', '/constructor')).toBeUndefined();
    expect(accessOf('GET', '/docs/static/index.css')).toBe('open');
  });

  it('has its scope in the OpenAPI document', async () => {
    const { paths } = (await test.app.inject('/openapi.json')).json();
    expect(paths['/jobs'].post.security).toEqual([{ apiKey: ['jobs:write'] }]);
    expect(paths['/jobs'].post.responses['401']).toBeDefined();
    expect(paths['/healthz'].get.security).toBeUndefined();
  });
});

describe('a key', () => {
  it('is let in with its scope, and as an administrator', async () => {
    expect((await call(await keyWith(['jobs:read']))).statusCode).toBe(200);
    expect((await call(await keyWith(['admin']))).statusCode).toBe(200);
    const { headers } = await keyWith(['jobs:read']);
    const lower = { authorization: headers.authorization.replace('Bearer', 'bearer') };
    expect((await call({ headers: lower })).statusCode).toBe(200);
  });

  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['nothing', 'Bearer '],
    ['two tokens', 'Bearer a b'],
    ['text', 'Bearer ls_x'],
    ['SQL', "Bearer ' OR 1=1 --"],
    ['a key that nobody made', `Bearer ls_${'0'.repeat(8)}_${'0'.repeat(43)}000000`],
    ['10,000 characters', `Bearer ${'x'.repeat(10_000)}`],
  ])('is not %s', async (_, authorization) => {
    const answer = await call(authorization === undefined ? {} : { headers: { authorization } });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', retryable: false });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="layersense"');
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('ends when it expires', async () => {
    const { headers } = await keyWith(['admin'], new Date(Date.now() - 1));
    const answer = await call({ headers });
    expect(answer.statusCode).toBe(401);
    expect(answer.json().detail).toContain('expired');
  });

  it('ends within seconds when it is revoked, on every replica', async () => {
    const { headers, prefix } = await keyWith(['admin']);
    expect((await call({ headers })).statusCode).toBe(200);
    await test.database.apiKeys.revoke(prefix);
    await expect
      .poll(async () => (await call({ headers })).statusCode, { timeout: 300_000, interval: 250 })
      .toBe(401);
  });

  it('is the password of pages that a browser opens, and of nothing else', async () => {
    const { headers } = await keyWith(['admin']);
    const password = `me:${headers.authorization.replace('Bearer ', '')}`;
    const basic = { authorization: `Basic ${Buffer.from(password).toString('base64')}` };
    const url = '/admin/queues';
    const asked = await call({ url });
    expect(asked.statusCode).toBe(401);
    expect(asked.headers['www-authenticate']).toBe('Basic realm="layersense"');
    expect((await call({ url, headers: basic })).statusCode).toBe(200);
    expect((await call({ headers: basic })).statusCode).toBe(401);
  });

  it('has its last use recorded', async () => {
    const { headers, prefix } = await keyWith(['jobs:read']);
    await call({ headers });
    const keys = await test.database.apiKeys.list();
    expect(keys.find((key) => key.prefix === prefix)?.last_used_at).not.toBeNull();
  });

  it('is looked up once in five seconds', async () => {
    let [asked, time] = [0, 0];
    const key = { prefix: 'ls_x' } as never;
    const find = cachedKeys(
      async (text) => {
        asked++;
        return text === 'known' ? key : undefined;
      },
      () => time,
    );
    for (time of [0, 4999]) expect(await find('known')).toBe(key);
    expect(asked).toBe(1);
    time = 5000;
    expect(await find('known')).toBe(key);
    expect(asked).toBe(2);
    // Guesses are not remembered: they would push the real ones out.
    for (let n = 0; n < 3; n++) expect(await find('guess')).toBeUndefined();
    expect(asked).toBe(5);
  });
});

describe('on loopback', () => {
  it('nobody needs a key until there is one, and then everybody, also once it is revoked', async () => {
    const auto = await start({ auth: 'auto' });
    expect((await auto.app.inject('/jobs')).statusCode).toBe(200);
    const { prefix, headers } = await keyWith(['jobs:read'], undefined, auto);
    expect((await auto.app.inject('/jobs')).statusCode).toBe(401);
    expect((await auto.app.inject({ url: '/jobs', headers })).statusCode).toBe(200);
    await auto.database.apiKeys.revoke(prefix);
    expect((await auto.app.inject('/jobs')).statusCode).toBe(401);
  });

  it('everybody needs a key within seconds of the first one that another process creates', async () => {
    const auto = await start({ auth: 'auto' });
    const status = async () => (await auto.app.inject('/jobs')).statusCode;
    expect(await status()).toBe(200);
    const elsewhere = connectDatabase(auto.databaseUrl);
    await elsewhere.apiKeys.create({ name: 'test', scopes: ['admin'] });
    await elsewhere.close();
    await expect.poll(status, { timeout: 300_000, interval: 250 }).toBe(401);
  });

  it('answers no web page of others while no key is needed', async () => {
    const { app } = await start({ auth: 'auto' });
    const status = async (options: InjectOptions) => {
      const answer = await app.inject({ url: '/jobs', ...options });
      return answer.statusCode === 403 ? answer.json().code : answer.statusCode;
    };
    const refused = 'origin_not_allowed';
    for (const host of ['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', '10.0.0.1'])
      expect(await status({ headers: { host } })).toBe(refused);
    for (const host of [
      'localhost',
      'localhost:8080',
      '127.0.0.1:8080',
      '[::1]:8080',
      'api.localhost',
    ])
      expect(await status({ headers: { host } })).toBe(200);
    const url = '/jobs/x/cancel';
    const page = (site: string) => ({ method: 'POST', url, headers: { 'sec-fetch-site': site } });
    expect(await status(page('cross-site') as InjectOptions)).toBe(refused);
    expect(await status(page('same-site') as InjectOptions)).toBe(refused);
    expect(await status(page('same-origin') as InjectOptions)).toBe(404);
  });
});

describe('listening', () => {
  const logger = pino({ level: 'silent' });
  const listen = (config: Partial<AppConfig>, { database } = test) =>
    assertMayListen(testConfig(config), database, logger);

  it('beyond loopback wants a key first, and says which command makes one', async () => {
    const empty = await start();
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example']) {
      await expect(listen({ host }, empty)).rejects.toMatchObject({
        code: 'exposure_refused',
        message: expect.stringContaining('layersense keys create'),
      });
    }
    for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1', '::ffff:127.0.0.1'])
      await listen({ host }, empty);
    await listen({ host: '0.0.0.0', auth: 'off' }, empty);
    await listen({ host: '0.0.0.0', auth: 'required' }, empty);
    await keyWith(['admin'], undefined, empty);
    await listen({ host: '0.0.0.0' }, empty);
  });

  it('beyond loopback never answers without a key, unless AUTH=off says so', async () => {
    const beyond = await start({ host: '0.0.0.0', auth: 'auto' });
    expect((await beyond.app.inject('/jobs')).statusCode).toBe(401);
    const off = await start({ host: '0.0.0.0', auth: 'off' });
    expect((await off.app.inject('/jobs')).statusCode).toBe(200);
  });
});

describe('the rate limit', () => {
  const statuses = async ({ app }: TestApp, times: number, options: InjectOptions = {}) => {
    const answers: number[] = [];
    for (let n = 0; n < times; n++) {
      answers.push((await app.inject({ url: '/jobs', ...options })).statusCode);
    }
    return answers;
  };

  it('is for each key its own, and refused requests count for the address', async () => {
    const limited = await start({ rateLimitPerMinute: 3 });
    const first = await keyWith(['jobs:read'], undefined, limited);
    const second = await keyWith(['jobs:read'], undefined, limited);
    expect(await statuses(limited, 4, first)).toEqual([200, 200, 200, 429]);
    expect(await statuses(limited, 1, second)).toEqual([200]);
    expect(await statuses(limited, 4)).toEqual([401, 401, 401, 429]);
    expect(await statuses(limited, 1, second)).toEqual([200]);
    const probes = await statuses(limited, 5, { url: '/healthz' });
    expect(probes).toEqual([200, 200, 200, 200, 200]);
  });

  it('answers 429 with the time to wait', async () => {
    const limited = await start({ auth: 'off', rateLimitPerMinute: 1 });
    const granted = await limited.app.inject('/jobs');
    expect(granted.headers['ratelimit-remaining']).toBe('0');
    const refused = await limited.app.inject('/jobs');
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'rate_limited', retryable: true });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('believes a forwarded address only from a proxy that it was told of', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const direct = await start({ auth: 'off', rateLimitPerMinute: 1 });
    expect(await statuses(direct, 1, from('1.1.1.1'))).toEqual([200]);
    expect(await statuses(direct, 1, from('2.2.2.2'))).toEqual([429]);
    const proxied = await start({ auth: 'off', rateLimitPerMinute: 1, trustProxy: ['127.0.0.1'] });
    expect(await statuses(proxied, 2, from('1.1.1.1'))).toEqual([200, 429]);
    expect(await statuses(proxied, 1, from('2.2.2.2'))).toEqual([200]);
    // The proxy appends the address it saw; what stands before it is the client's own claim.
    expect(await statuses(proxied, 1, from('9.9.9.9, 2.2.2.2'))).toEqual([429]);
  });
});
