import { LayersenseError } from '@layersense/contracts';
import type { z } from 'zod';
import { type HubContext, hubRequest, networkError } from './request.js';
import { withRetries } from './retry.js';

/** A listing page of the Hub has about a megabyte. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

interface HubAnswer<T> {
  readonly value: T;
  /** The address of the next page. */
  readonly next?: string | undefined;
}

/** A JSON answer of the Hub's API, checked. Throws as `hubRequest` does. */
export function hubJson<S extends z.ZodType>(
  context: HubContext,
  url: string,
  schema: S,
): Promise<HubAnswer<z.output<S>>> {
  return withRetries(context, async () => {
    const response = await hubRequest(context, url);
    const text = await readText(context, response);
    const answer = schema.safeParse(parse(text));
    if (!answer.success) throw unexpectedAnswer(context, answer.error);
    return { value: answer.data, next: nextPage(response) };
  });
}

async function readText(context: HubContext, response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of response.body ?? []) {
      bytes += piece.length;
      if (bytes > MAX_ANSWER_BYTES) break;
      pieces.push(piece);
    }
  } catch (cause) {
    throw networkError(context, cause);
  }
  if (bytes > MAX_ANSWER_BYTES) throw unexpectedAnswer(context, 'too long');
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Link: <address>; rel="next"`, RFC 8288. */
function nextPage(response: Response): string | undefined {
  return /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1];
}

function unexpectedAnswer({ settings, repository }: HubContext, cause: unknown): LayersenseError {
  return new LayersenseError(
    'hub_unavailable',
    `${settings.endpoint} did not answer about ${repository.id} as the Hugging Face Hub does. Check HF_ENDPOINT.`,
    { endpoint: settings.endpoint, status: 200 },
    { cause },
  );
}
