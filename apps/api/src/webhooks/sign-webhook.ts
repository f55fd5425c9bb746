import { createHmac } from 'node:crypto';

export interface Message {
  readonly id: string;
  readonly body: string;
}

/** The headers of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks */
export function signedHeaders({ id, body }: Message, secret: Uint8Array, now: Date) {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', secret)
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
