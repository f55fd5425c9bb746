import type { AppConfig } from '../app-context.js';

/** The defaults, silent and without access control, as on loopback before the first key. */
export function testConfig(changes: Partial<AppConfig> = {}): AppConfig {
  return {
    host: '127.0.0.1',
    allowedRoots: [],
    bodyLimitBytes: 8_388_608,
    eventStreamLimit: 1000,
    auth: 'auto',
    rateLimitPerMinute: 0,
    trustProxy: false,
    webhooks: { secret: undefined, allowPrivate: false },
    ...changes,
  };
}
