import { LayersenseError } from '@layersense/contracts';

/**
 * What a failure of Prisma, the driver or PostgreSQL means to a caller. Errors of our own and
 * programming errors pass unchanged.
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof LayersenseError) return error;
  const causes = causesOf(error);
  const codes = causes.map(({ code }) => code);
  if (codes.some(isUnavailable) || causes.some(({ message }) => CONNECTION_LOST.test(message))) {
    return new LayersenseError(
      'database_unavailable',
      'The database cannot be reached. Check that PostgreSQL runs and that DATABASE_URL is right, then try again.',
      {},
      { cause: error },
    );
  }
  if (codes.some(isUnstorable)) {
    return new LayersenseError(
      'invalid_request',
      'A value cannot be stored: text must be without NUL characters and numbers within range.',
      {},
      { cause: error },
    );
  }
  return error;
}

/** Every method of `repository`, with its rejections mapped by toDatabaseError. */
export function withDatabaseErrors<Repository extends object>(repository: Repository): Repository {
  return new Proxy(repository, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      return async (...parameters: unknown[]) => {
        try {
          return await Reflect.apply(method, target, parameters);
        } catch (error) {
          throw toDatabaseError(error);
        }
      };
    },
  });
}

/** The driver reports a lost connection in words only. */
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Can't reach database server)/;

const UNAVAILABLE = new Set([
  // Sockets and names.
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // Prisma: not reachable, timed out, access denied, no such database, connection closed, pool
  // exhausted, transaction not begun in time.
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1017',
  'P2024',
  'P2028',
  // PostgreSQL: too many connections, shutting down, starting up, no such database.
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '3D000',
]);

/** SQLSTATE classes 08 (connection) and 28 (authentication) belong here too. */
function isUnavailable(code: string): boolean {
  return UNAVAILABLE.has(code) || /^(08|28)[0-9A-Z]{3}$/.test(code);
}

const UNSTORABLE = new Set(['22021', '22P05', '22003', '54000']);

/** SQLSTATE: NUL in text or JSON, a number out of range, an index entry that is too long. */
function isUnstorable(code: string): boolean {
  return UNSTORABLE.has(code);
}

interface Cause {
  readonly code: string;
  readonly message: string;
}

/** Prisma wraps the driver's error, the driver the socket's; the code may sit on any of them. */
function causesOf(error: unknown): Cause[] {
  const found: Cause[] = [];
  const queue: unknown[] = [error];
  for (let at = 0; at < queue.length && at < 20; at++) {
    const value = queue[at];
    if (typeof value !== 'object' || value === null) continue;
    const { code, originalCode, message, cause, meta, driverAdapterError, errors } =
      value as Record<string, unknown>;
    found.push({ code: String(originalCode ?? code ?? ''), message: String(message ?? '') });
    queue.push(cause, meta, driverAdapterError, ...(Array.isArray(errors) ? errors : []));
  }
  return found;
}
