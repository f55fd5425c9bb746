import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../connect-database.js';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { generateKey, parseKey } from './key-format.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const create = (expiresAt?: Date) =>
  database.apiKeys.create({ name: 'ci', scopes: ['jobs:read', 'jobs:read'], expiresAt });

/** The text with its nth character exchanged for another. */
const mistyped = (text: string, n: number): string =>
  text.slice(0, n) + (text[n] === 'x' ? 'y' : 'x') + text.slice(n + 1);

describe('the format of a key', () => {
  it('is found again by its prefix and by the hash of its secret', () => {
    const key = generateKey();
    const [, name, secret = ''] = key.split('_');
    expect(parseKey(key)).toEqual({
      prefix: `ls_${name}`,
      hash: createHash('sha256').update(secret.slice(0, 43)).digest(),
    });
  });

  it('differs from key to key', () => {
    const keys = Array.from({ length: 1000 }, generateKey);
    expect(new Set(keys.map((key) => parseKey(key)?.prefix)).size).toBe(1000);
    expect(new Set(keys.map((key) => parseKey(key)?.hash.toString('hex'))).size).toBe(1000);
  });

  it('notices any mistyped character', () => {
    const key = generateKey();
    const parsed = Array.from(key, (_, n) => parseKey(mistyped(key, n)));
    expect(new Set(parsed)).toEqual(new Set([undefined]));
  });

  it.each(['', 'ls_', 'Bearer x', 'x'.repeat(100_000)])('is not %.20j', (text) => {
    expect(parseKey(text)).toBeUndefined();
  });
});

describe('stored keys', () => {
  it('are found by the whole key alone', async () => {
    const { key, stored } = await create();
    expect(stored).toMatchObject({ name: 'ci', scopes: ['jobs:read'], revoked_at: null });
    expect(await database.apiKeys.find(key)).toEqual(stored);
    const other = generateKey();
    const grafted = stored.prefix + other.slice(stored.prefix.length);
    expect(await database.apiKeys.find(grafted)).toBeUndefined();
    expect(await database.apiKeys.find(other)).toBeUndefined();
    expect(await database.apiKeys.find(stored.prefix)).toBeUndefined();
  });

  it('have another secret under the same prefix refused, its checksum being right', async () => {
    const { key, stored } = await create();
    // The same public part with the secret of another key, as a thief of a log would try.
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('UPDATE api_key SET hash = sha256($1) WHERE prefix = $2', [
      Buffer.from('another secret'),
      stored.prefix,
    ]);
    await client.end();
    expect(await database.apiKeys.find(key)).toBeUndefined();
  });

  it('hold no part of the secret', async () => {
    const { key } = await create();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query('SELECT api_key::text AS row FROM api_key');
    await client.end();
    const secret = key.split('_')[2] ?? '';
    expect(JSON.stringify(rows)).not.toContain(secret.slice(0, 10));
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex').slice(0, 20));
  });

  it('can be revoked, once', async () => {
    const { key, stored } = await create();
    const revoked = await database.apiKeys.revoke(stored.prefix);
    expect(revoked.revoked_at).not.toBeNull();
    expect(await database.apiKeys.revoke(stored.prefix)).toEqual(revoked);
    expect(await database.apiKeys.find(key)).toEqual(revoked);
    await expect(database.apiKeys.revoke('ls_nothere0')).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('remember their last use and their end', async () => {
    const { stored } = await create(new Date('2030-01-01T00:00:00Z'));
    expect(stored.expires_at).toBe('2030-01-01T00:00:00.000Z');
    await database.apiKeys.recordUse(stored.prefix);
    const used = async () =>
      (await database.apiKeys.list()).find(({ prefix }) => prefix === stored.prefix)?.last_used_at;
    const first = await used();
    expect(first).not.toBeNull();
    await database.apiKeys.recordUse(stored.prefix);
    expect(await used()).toBe(first);
  });
});

it('knows whether there ever was a key', async () => {
  const empty = await openTestDatabase();
  expect(await empty.apiKeys.anyExists()).toBe(false);
  const { stored } = await empty.apiKeys.create({ name: 'x', scopes: ['admin'] });
  await empty.apiKeys.revoke(stored.prefix);
  expect(await empty.apiKeys.anyExists()).toBe(true);
  await empty.close();
});

it('knows of a key made here at once, and of one made elsewhere when it looks again', async () => {
  const here = await openTestDatabase();
  const there = connectDatabase(here.url);
  const longAgo = { maxAgeMs: 3_600_000 };
  for (const each of [here, there]) expect(await each.apiKeys.anyExists(longAgo)).toBe(false);
  await there.apiKeys.create({ name: 'x', scopes: ['admin'] });
  expect(await there.apiKeys.anyExists(longAgo)).toBe(true);
  expect(await here.apiKeys.anyExists(longAgo)).toBe(false);
  expect(await here.apiKeys.anyExists()).toBe(true);
  await there.close();
  await here.close();
});
