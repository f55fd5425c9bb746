import { isIP } from 'node:net';
import {
  CollectorUrl,
  FolderList,
  LogLevel,
  PostgresUrl,
  QueueNamespace,
  QueueUrl,
  readEnvironment,
} from '@layersense/contracts/environment';
import { z } from 'zod';
import type { WebhookSettings } from './webhooks/webhook-target.js';

/** Addresses and networks, with commas between. */
const Networks = z
  .string()
  .transform((list) => list.split(',').map((network) => network.trim()))
  .refine((networks) => networks.every(isNetwork), 'must be addresses or networks (10.0.0.0/8)');

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  const inRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return isIP(address) !== 0 && rest.length === 0 && inRange;
}

/** As Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64. */
const WebhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'must be whsec_ and base64')
  .transform((text) => Buffer.from(text.slice('whsec_'.length), 'base64'))
  .refine(({ length }) => length >= 24 && length <= 64, 'must hold 24 to 64 bytes');

/** The environment of the API. docs/reference/config.md lists the same variables. */
export const ApiEnvironment = z.object({
  DATABASE_URL: PostgresUrl,
  QUEUE_URL: QueueUrl.optional(),
  QUEUE_NAMESPACE: QueueNamespace.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LOG_LEVEL: LogLevel,
  ALLOWED_ROOTS: FolderList,
  AUTH: z.enum(['auto', 'required', 'off']).default('auto'),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000_000).default(1200),
  TRUST_PROXY: Networks.optional(),
  WEBHOOK_SECRET: WebhookSecret.optional(),
  WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
  EVENT_STREAM_LIMIT: z.coerce.number().int().min(0).max(1_000_000).default(1000),
  BODY_LIMIT_BYTES: z.coerce.number().int().min(1024).default(8_388_608),
  OTEL_EXPORTER_OTLP_ENDPOINT: CollectorUrl.optional(),
});

export interface ApiConfig {
  databaseUrl: string;
  queue: { url: string; namespace: string | undefined };
  host: string;
  port: number;
  logLevel: string;
  allowedRoots: readonly string[];
  bodyLimitBytes: number;
  /** How many jobs' events are followed at once; each is an open connection. */
  eventStreamLimit: number;
  /** Address of an OTLP/HTTP collector; nothing is traced without one. */
  collectorUrl: string | undefined;
  /** `auto` needs a key beyond loopback, and on it as soon as there is one. */
  auth: 'auto' | 'required' | 'off';
  /** Of one key, or of one address without; 0 for no limit. */
  rateLimitPerMinute: number;
  /** False to believe nobody's X-Forwarded-For. */
  trustProxy: false | string[];
  webhooks: WebhookSettings;
}

/** @throws Error that names every variable that is missing or malformed. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): ApiConfig {
  const env = readEnvironment(ApiEnvironment, environment);
  return {
    databaseUrl: env.DATABASE_URL,
    queue: { url: env.QUEUE_URL ?? env.DATABASE_URL, namespace: env.QUEUE_NAMESPACE },
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    eventStreamLimit: env.EVENT_STREAM_LIMIT,
    collectorUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    auth: env.AUTH,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    trustProxy: env.TRUST_PROXY ?? false,
    webhooks: { secret: env.WEBHOOK_SECRET, allowPrivate: env.WEBHOOK_ALLOW_PRIVATE },
  };
}
