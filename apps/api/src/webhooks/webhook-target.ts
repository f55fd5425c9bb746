import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { LayersenseError } from '@layersense/contracts';
import { isPublicAddress } from './public-address.js';

export interface WebhookSettings {
  /** Signs every delivery; without one there are none. */
  readonly secret: Uint8Array | undefined;
  /** Also http:, and addresses that are not public. For development. */
  readonly allowPrivate: boolean;
}

/** Like node:dns' `lookup` with `all`. */
export type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Refuses what can be told from the URL alone, before a job is stored. Names are resolved at every
 * delivery, because what they stand for may change.
 *
 * @throws LayersenseError `webhooks_disabled` or `webhook_url_not_allowed`
 */
export function assertWebhookUrl(text: string, settings: WebhookSettings): void {
  if (settings.secret === undefined) {
    throw new LayersenseError(
      'webhooks_disabled',
      'This service sends no webhooks: WEBHOOK_SECRET is not set. Leave webhook_url out and poll the job.',
    );
  }
  const reason = whyRefused(new URL(text), settings);
  if (reason !== undefined) throw notAllowed(reason);
}

function whyRefused(url: URL, { allowPrivate }: WebhookSettings): string | undefined {
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (allowPrivate) return undefined;
  if (url.protocol !== 'https:') return 'must begin with https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const local = isIP(host) === 0 ? /(^|\.)(localhost|local|internal)\.?$/.test(host) : false;
  const refused = local || (isIP(host) !== 0 && !isPublicAddress(host));
  return refused ? `leads to ${host}, which is not on the public internet` : undefined;
}

const notAllowed = (reason: string): LayersenseError =>
  new LayersenseError('webhook_url_not_allowed', `webhook_url ${reason}.`);

/**
 * A `lookup` for node:http that lets a connection be made to public addresses alone, and only to
 * the very ones that were checked: a name that answers differently the second time gains nothing.
 */
export function publicLookup(resolve: Resolve = dnsLookup): typeof dnsLookup {
  const lookup = (
    host: string,
    options: LookupOptions,
    callback: (error: Error | null, ...found: unknown[]) => void,
  ) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(notAllowed(`leads to ${host}, which is not on the public internet`));
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
  return lookup as typeof dnsLookup;
}
