import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './public-address.js';
import { nextAttempt } from './retry-schedule.js';
import { assertWebhookUrl, publicLookup, type Resolve } from './webhook-target.js';

const settings = { secret: Buffer.alloc(32), allowPrivate: false };

const notPublic = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'this host'],
  ['0.1.2.3', 'this network'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.169.254', 'cloud metadata'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', 'cloud metadata behind it'],
  ['192.0.0.192', 'protocol assignments'],
  ['198.18.0.1', 'benchmarks'],
  ['203.0.113.5', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['240.0.0.1', 'reserved'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
  ['::127.0.0.1', 'IPv4-compatible'],
  ['::ffff:127.0.0.1', 'IPv4-mapped'],
  ['::ffff:a9fe:a9fe', 'IPv4-mapped metadata'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b:1::a00:1', 'local NAT64'],
  ['2002:7f00:1::', '6to4'],
  ['2001:0:1:2::3', 'Teredo'],
  ['fe80::1', 'link-local'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'cloud metadata'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['2001:db8::1', 'documentation'],
  ['100::1', 'discard'],
] as const;

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

describe('what is not on the public internet', () => {
  it.each(notPublic)('%s: %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
    const send = () => assertWebhookUrl(`https://${hostOf(address)}/hook`, settings);
    expect(send).toThrow('not on the public internet');
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'is not %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
      assertWebhookUrl(`https://${hostOf(address)}/hook`, settings);
    },
  );

  it.each([
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://localhost/',
    'https://api.localhost/',
    'https://metadata.google.internal/',
    'https://printer.local/',
    'https://[::ffff:7f00:1]/',
    'https://①②⑦.0.0.1/',
  ])('is %s under another name', (url) => {
    expect(() => assertWebhookUrl(url, settings)).toThrow('not on the public internet');
  });
});

it('sends over https alone, and no passwords', () => {
  const refused = (url: string) => () => assertWebhookUrl(url, settings);
  expect(refused('http://example.org/')).toThrow('https:');
  expect(refused('https://user:pass@example.org/')).toThrow('password');
  assertWebhookUrl('https://example.org/hook?token=x', settings);
  assertWebhookUrl('http://127.0.0.1:9/', { ...settings, allowPrivate: true });
  const without = { secret: undefined, allowPrivate: true };
  expect(() => assertWebhookUrl('https://example.org/', without)).toThrow('WEBHOOK_SECRET');
});

describe('a name', () => {
  const answering =
    (...addresses: string[]): Resolve =>
    (_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  const look = (resolve: Resolve, all: boolean) =>
    new Promise((settle) => {
      publicLookup(resolve)('hook.example', { all }, (error, address) => settle(error ?? address));
    });

  it.each(notPublic)('that stands for %s is refused', async (address) => {
    for (const all of [true, false]) {
      expect(await look(answering(address), all)).toBeInstanceOf(Error);
      // One private address among public ones is enough.
      expect(await look(answering('8.8.8.8', address), all)).toBeInstanceOf(Error);
    }
  });

  it('is connected to at the very addresses that were checked', async () => {
    const resolve = answering('8.8.8.8', '2606:4700::1111');
    expect(await look(resolve, false)).toBe('8.8.8.8');
    expect(await look(resolve, true)).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
    expect(await look(answering(), false)).toBeInstanceOf(Error);
  });
});

describe('the next attempt', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const seconds = (attempt: number, retryAfter?: string) => {
    const next = nextAttempt(attempt, retryAfter, now);
    return next && (next.getTime() - now.getTime()) / 1000;
  };

  it('comes later each time, and after ten there is none', () => {
    for (const [attempt, delay] of [
      [1, 5],
      [2, 300],
      [3, 1800],
      [9, 86_400],
    ] as const) {
      expect(seconds(attempt)).toBeGreaterThanOrEqual(delay * 0.9);
      expect(seconds(attempt)).toBeLessThanOrEqual(delay * 1.1);
    }
    expect(seconds(10)).toBeUndefined();
  });

  it('heeds Retry-After up to a day', () => {
    expect(seconds(1, '120')).toBe(120);
    expect(seconds(1, 'Thu, 01 Jan 2026 00:10:00 GMT')).toBe(600);
    expect(seconds(1, '999999999')).toBe(86_400);
    for (const nonsense of ['-5', 'soon', '', '1e9']) expect(seconds(1, nonsense)).toBeLessThan(6);
  });
});
