import { type ApiKey, grants, LayersenseError, type Scope } from '@layersense/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

const HOW = 'Send `Authorization: Bearer ls_…`; `layersense keys create NAME` makes a key.';

type FindKey = (text: string) => Promise<ApiKey | undefined>;

/** A key that may be used now, or why there is none. */
export type Identity = { readonly key: ApiKey } | { readonly refusal: LayersenseError };

/** Who sends this Authorization header (RFC 6750). */
export async function identify(request: FastifyRequest, find: FindKey): Promise<Identity> {
  const { authorization } = request.headers;
  if (authorization === undefined) return refused(`This needs an API key. ${HOW}`);
  const token = tokenOf(authorization, request);
  if (token === undefined) return refused(`The Authorization header is no bearer token. ${HOW}`);
  const key = await find(token);
  if (key === undefined) return refused('There is no such API key. Check that it is complete.');
  if (key.revoked_at !== null) return refused(`API key ${key.prefix} was revoked.`);
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) {
    return refused(`API key ${key.prefix} expired on ${key.expires_at}.`);
  }
  return { key };
}

const refused = (message: string): Identity => ({
  refusal: new LayersenseError('unauthenticated', message),
});

/**
 * Pages for people are opened by a browser, which asks for a password: the key. Elsewhere that is
 * not accepted, because a browser would repeat it for any web page that makes it send a request.
 */
const isPage = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.url?.startsWith('/admin/') ?? false;

function tokenOf(authorization: string, request: FastifyRequest): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic' || !isPage(request)) return undefined;
  const [, ...password] = Buffer.from(credentials, 'base64').toString().split(':');
  return password.join(':');
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** @throws LayersenseError `unauthenticated` or `forbidden`, with the challenge in the reply */
export function authorize(identity: Identity, needed: Scope, { request, reply }: Exchange): void {
  const challenge = `${isPage(request) ? 'Basic' : 'Bearer'} realm="layersense"`;
  if ('refusal' in identity) {
    reply.header('www-authenticate', challenge);
    throw identity.refusal;
  }
  const { key } = identity;
  if (grants(key.scopes, needed)) return;
  reply.header('www-authenticate', `${challenge}, error="insufficient_scope", scope="${needed}"`);
  throw new LayersenseError(
    'forbidden',
    `API key ${key.prefix} lacks the scope ${needed}; it has ${key.scopes.join(', ') || 'none'}.`,
    { scope: needed },
  );
}
