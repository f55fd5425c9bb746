import { LayersenseError } from '@layersense/contracts';

/**
 * What a failure of Prisma, the driver or PostgreSQL means to a caller. Errors of our own and
 * programming errors pass unchanged.
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof LayersenseError) return error;
  const causes = causesOf(error);
  const some = (test: (code: string) => boolean) => causes.some(({ codes }) => codes.some(test));
  const because = { cause: error };
  if (some(isUnavailable) || causes.some(({ message }) => CONNECTION_LOST.test(message))) {
    return new LayersenseError(
      'database_unavailable',
      'The database cannot be reached. Check that PostgreSQL runs and that DATABASE_URL is right, then try again.',
      {},
      because,
    );
  }
  if (some((code) => UNMIGRATED.has(code))) {
    return new LayersenseError(
      'database_unavailable',
      'The database lacks a table or column of this release. Apply the migrations, then try again.',
      {},
      because,
    );
  }
  if (some((code) => UNSTORABLE.has(code))) {
    return new LayersenseError(
      'invalid_request',
      'A value cannot be stored: text must be valid Unicode without NUL characters, and numbers within range.',
      {},
      because,
    );
  }
  return error;
}

/**
 * Every method of `repository`, and of the repositories nested in it, with its rejections mapped by
 * toDatabaseError.
 */
export function withDatabaseErrors<Repository extends object>(repository: Repository): Repository {
  return new Proxy(repository, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member === 'object' && member !== null) return withDatabaseErrors(member);
      if (typeof member !== 'function') return member;
      return async (...parameters: unknown[]) => {
        try {
          return await Reflect.apply(member, target, parameters);
        } catch (error) {
          throw toDatabaseError(error);
        }
      };
    },
  });
}

/** The driver reports a lost connection in words only. */
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

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
  // The Prisma adapter's own words.
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
  // Prisma: timed out, connection closed, pool exhausted, transaction not begun in time.
  'P1008',
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

const UNMIGRATED = new Set(['TableDoesNotExist', 'ColumnNotFound', '42P01', '42703']);

/** SQLSTATE: NUL or half a surrogate pair in text or JSON, a number out of range, an index entry that is too long. */
const UNSTORABLE = new Set(['22021', '22P05', '22P02', '22003', '54000']);

interface Cause {
  readonly codes: readonly string[];
  readonly message: string;
}

/** Prisma wraps the driver's error, the driver the socket's; the code may sit on any of them. */
function causesOf(error: unknown): Cause[] {
  const found: Cause[] = [];
  const queue: unknown[] = [error];
  for (let at = 0; at < queue.length && at < 20; at++) {
    const value = queue[at];
    if (typeof value !== 'object' || value === null) continue;
    const { code, originalCode, kind, message, cause, meta, driverAdapterError, errors } =
      value as Record<string, unknown>;
    found.push({ codes: [code, originalCode, kind].map(String), message: String(message) });
    queue.push(cause, meta, driverAdapterError, ...(Array.isArray(errors) ? errors : []));
  }
  return found;
}
