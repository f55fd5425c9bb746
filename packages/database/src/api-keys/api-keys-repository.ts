import { timingSafeEqual } from 'node:crypto';
import { type ApiKey, LayersenseError, type Scope } from '@layersense/contracts';
import type { ApiKey as ApiKeyRow, PrismaClient } from '../generated/prisma/client.js';
import { generateKey, parseKey } from './key-format.js';

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | undefined;
}

export type ApiKeysRepository = ReturnType<typeof createApiKeysRepository>;

/** Uses within a minute of each other are one write. */
const LAST_USED_PRECISION_MS = 60_000;

export function createApiKeysRepository(prisma: PrismaClient) {
  // Once true, it stays so: keys are revoked and never deleted.
  let exists = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    /** The key is in the answer and nowhere else. */
    async create({ name, scopes, expiresAt }: NewApiKey): Promise<{ key: string; stored: ApiKey }> {
      const key = generateKey();
      const parsed = parseKey(key);
      if (parsed === undefined) throw new Error('a generated key must be one');
      const row = await prisma.apiKey.create({
        data: {
          prefix: parsed.prefix,
          hash: new Uint8Array(parsed.hash),
          name,
          scopes: [...new Set(scopes)],
          expires_at: expiresAt ?? null,
        },
      });
      exists = true;
      return { key, stored: toApiKey(row) };
    },

    /** All keys, the newest first. */
    async list(): Promise<ApiKey[]> {
      const rows = await prisma.apiKey.findMany({ orderBy: [{ created_at: 'desc' }] });
      return rows.map(toApiKey);
    },

    /**
     * Revokes a key for good. Revoking it again changes nothing.
     *
     * @throws not_found
     */
    async revoke(prefix: string): Promise<ApiKey> {
      const where = { prefix };
      await prisma.apiKey.updateMany({
        where: { ...where, revoked_at: null },
        data: { revoked_at: new Date() },
      });
      const row = await prisma.apiKey.findUnique({ where });
      if (row === null) {
        throw new LayersenseError('not_found', `There is no API key '${prefix}'.`, { prefix });
      }
      return toApiKey(row);
    },

    /**
     * Whether there ever was a key, revoked ones included. That there was none may be known from up to
     * `maxAgeMs` ago; a key that was created here is seen at once.
     */
    async anyExists({ maxAgeMs = 0 } = {}): Promise<boolean> {
      if (exists || performance.now() - lookedAt < maxAgeMs) return exists;
      const now = performance.now();
      const row = await prisma.apiKey.findFirst({ select: { id: true } });
      // `exists` is not set to false here: a key may have been created while the query ran.
      if (row !== null) exists = true;
      lookedAt = now;
      return exists;
    },

    /** The stored key that `text` is, expired or revoked ones too; undefined when it is none. */
    async find(text: string): Promise<ApiKey | undefined> {
      const parsed = parseKey(text);
      if (parsed === undefined) return undefined;
      const row = await prisma.apiKey.findUnique({ where: { prefix: parsed.prefix } });
      if (row === null || !timingSafeEqual(row.hash, parsed.hash)) return undefined;
      return toApiKey(row);
    },

    /** Records a use, to the minute; a key that was revoked is not used. */
    async recordUse(prefix: string): Promise<void> {
      const now = new Date();
      const before = new Date(now.getTime() - LAST_USED_PRECISION_MS);
      await prisma.apiKey.updateMany({
        where: {
          prefix,
          revoked_at: null,
          OR: [{ last_used_at: null }, { last_used_at: { lt: before } }],
        },
        data: { last_used_at: now },
      });
    },
  };
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    prefix: row.prefix,
    name: row.name,
    scopes: row.scopes as Scope[],
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
  };
}
