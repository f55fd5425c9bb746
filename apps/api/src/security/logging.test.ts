import { createJobQueue } from '@layersense/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../app.js';
import type { App } from '../app-context.js';
import { createLogger } from '../logger.js';
import { type TestApp, testApp } from '../test-support/test-app.js';
import { testConfig } from '../test-support/test-config.js';

const secrets = {
  database: 'postgres://admin:dbpassw0rd@db.internal:5432/x',
  redis: 'rediss://:redispassw0rd@cache:6380',
  hub: `hf_${'s3cr3t'.repeat(6)}`,
  webhook: `whsec_${'s3cr3t'.repeat(8)}`,
};
const leaks = ['dbpassw0rd', 'redispassw0rd', 's3cr3ts3cr3t'];

let test: TestApp;
let app: App;
const lines: string[] = [];
beforeAll(async () => {
  test = await testApp();
  const queue = createJobQueue({ url: test.databaseUrl, onError: () => undefined });
  const logger = createLogger('trace', { write: (line) => void lines.push(line) });
  const config = testConfig({ auth: 'required' });
  app = await buildApp({ database: test.database, queue, config, logger });
  for (const [name, secret] of Object.entries(secrets)) {
    app.get(`/docs-fault-${name}`, () => {
      throw new Error(`Could not use ${secret}`, { cause: new Error(secret) });
    });
  }
});
afterAll(async () => {
  await app.close();
  await test.close();
});

describe('the log', () => {
  it('keeps keys and the secrets in error messages to itself', async () => {
    const { key } = await test.database.apiKeys.create({ name: 'x', scopes: ['admin'] });
    const headers = { authorization: `Bearer ${key}`, cookie: 'session=s3cr3ts3cr3t' };
    expect((await app.inject({ url: '/jobs', headers })).statusCode).toBe(200);
    for (const name of Object.keys(secrets)) {
      const answer = await app.inject({ url: `/docs-fault-${name}`, headers });
      expect(answer.statusCode).toBe(500);
      for (const leak of leaks) expect(answer.body).not.toContain(leak);
    }
    const log = lines.join('');
    expect(log).toContain('Could not use');
    for (const leak of [...leaks, key, key.slice(-49)]) expect(log).not.toContain(leak);
  });

  it('has one line for each event, whatever a request says', async () => {
    lines.length = 0;
    const { key } = await test.database.apiKeys.create({ name: 'x', scopes: ['admin'] });
    const headers = { authorization: `Bearer ${key}` };
    const forged = 'x\n{"level":30,"msg":"forged"}\r\n\u001b[2J\u001b]0;owned\u0007\u2028';
    await app.inject({
      method: 'POST',
      url: '/jobs',
      headers,
      payload: { model: forged, method: 'magnitude', metadata: { [forged.slice(0, 60)]: forged } },
    });
    await app.inject({
      url: `/jobs?model=${encodeURIComponent(forged)}&x=${forged.slice(0, 1)}%0a`,
      headers,
    });
    await app.inject({ url: `/jobs/${encodeURIComponent(forged.slice(0, 40))}`, headers });
    await app.inject({ url: '/jobs', headers: { ...headers, 'user-agent': 'a\u001b[31mb' } });
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(line).not.toContain('\u001b');
      expect(JSON.parse(line).msg).not.toBe('forged');
    }
  });
});
