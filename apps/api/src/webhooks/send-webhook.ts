import { lookup as dnsLookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Message, signedHeaders } from './sign-webhook.js';
import {
  assertWebhookUrl,
  publicLookup,
  type Resolve,
  type WebhookSettings,
} from './webhook-target.js';

const TIMEOUT_MS = 15_000;

export interface SendOptions extends WebhookSettings {
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
}

export interface WebhookResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * One attempt. A redirect is an answer like any other, and what the body says is not read.
 *
 * @throws LayersenseError `webhook_url_not_allowed`
 * @throws Error when no answer comes in 15 seconds
 */
export async function sendWebhook(
  { url: text, ...message }: Message & { readonly url: string },
  options: SendOptions,
): Promise<WebhookResponse> {
  // Again: the settings may have become stricter since the job was stored.
  assertWebhookUrl(text, options);
  const url = new URL(text);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const resolve = options.resolve ?? dnsLookup;
  const lookup = options.allowPrivate ? (resolve as typeof dnsLookup) : publicLookup(resolve);
  return await new Promise((answered, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        agent: false,
        lookup,
        signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
        headers: {
          ...signedHeaders(message, options.secret ?? new Uint8Array(), new Date()),
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(message.body),
          'user-agent': 'layersense-webhooks',
        },
      },
      (response) => {
        answered({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
        });
        response.destroy();
      },
    );
    sending.once('error', reject);
    sending.end(message.body);
  });
}
