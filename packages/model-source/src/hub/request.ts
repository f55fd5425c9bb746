import { LayersenseError } from '@layersense/contracts';
import { canceledError } from '../canceled-error.js';
import { type Repository, repositoryUrl } from './repository.js';
import type { HubSettings } from './settings.js';

const USER_AGENT = 'layersense';
const TOO_MANY_REQUESTS = 429;
const REQUEST_TIMEOUT = 408;

export interface HubContext {
  readonly settings: HubSettings;
  readonly repository: Repository;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each file that is wanted whether the cache has it. */
  readonly onLookup?: ((name: string, found: boolean) => void) | undefined;
}

/**
 * One GET, redirects followed. The token goes to the Hub alone: never to an address of another
 * origin, and `fetch` drops it when a redirect leaves the Hub for its storage.
 *
 * @throws LayersenseError `model_gated`, `model_not_found`, `dataset_not_found`,
 *   `revision_not_found`, `hub_unavailable`, `canceled`.
 */
export async function hubRequest(
  context: HubContext,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { settings, signal } = context;
  const authorization: Record<string, string> =
    settings.token !== undefined && sameOrigin(url, settings.endpoint)
      ? { Authorization: `Bearer ${settings.token}` }
      : {};
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { 'User-Agent': USER_AGENT, ...authorization, ...headers },
      signal: signal ?? null,
    });
  } catch (cause) {
    throw networkError(context, cause);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw statusError(context, response);
}

/** What a failed connection or an interrupted body means. */
export function networkError({ settings, signal }: HubContext, cause: unknown): LayersenseError {
  if (signal?.aborted) return canceledError('The download', signal);
  return new LayersenseError(
    'hub_unavailable',
    `The connection to ${settings.endpoint} failed (${reason(cause)}). Check the network, or set HF_HUB_OFFLINE=1 to use only what is in the cache.`,
    { endpoint: settings.endpoint },
    { cause },
  );
}

/** `fetch` says only "fetch failed"; the reason is its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner: unknown = error.cause;
  if (!(inner instanceof Error)) return error.message;
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
}

function statusError(context: HubContext, response: Response): LayersenseError {
  const { settings, repository } = context;
  const code = response.headers.get('X-Error-Code');
  const { status } = response;
  // An expired signature of the storage also answers 403; only the Hub can speak of licences.
  if (!sameOrigin(response.url, settings.endpoint)) return unavailable(context, response);
  if (code === 'RevisionNotFound') return revisionNotFound(repository);
  if (code === 'GatedRepo' || status === 403) return gated(context);
  if (code === 'RepoNotFound' || code === 'EntryNotFound') return notFound(repository, settings);
  // Without a token the Hub answers 401 for whatever it does not show, and that is most often a typo.
  if (status === 401) return settings.token ? gated(context) : notFound(repository, settings);
  if (status === 404) return notFound(repository, settings);
  return unavailable(context, response);
}

function gated({ settings, repository }: HubContext): LayersenseError {
  const page = repositoryUrl(settings, repository, 'web');
  const advice = settings.token
    ? 'The token in use may not read it: request access there, or set HF_TOKEN to a token of an account that has it.'
    : 'Accept its licence there and set HF_TOKEN to a token of that account.';
  return new LayersenseError(
    'model_gated',
    `The ${repository.type} ${repository.id} is gated or private: ${page}. ${advice}`,
    { [repository.type]: repository.id, url: page },
  );
}

function notFound({ type, id }: Repository, settings: HubSettings): LayersenseError {
  const private_ = settings.token ? '' : ' If it is private, set HF_TOKEN.';
  const path = type === 'model' ? ` A local folder is named by a path: ./${id}` : '';
  return new LayersenseError(
    type === 'model' ? 'model_not_found' : 'dataset_not_found',
    `${settings.endpoint} has no ${type} ${id}. Check the spelling (org/name).${private_}${path}`,
    { [type]: id },
  );
}

function revisionNotFound({ type, id, revision }: Repository): LayersenseError {
  return new LayersenseError(
    'revision_not_found',
    `The ${type} ${id} has no revision ${revision}. Use main, a tag or a 40-digit commit of it.`,
    { [type]: id, revision },
  );
}

function unavailable({ settings, repository }: HubContext, response: Response): LayersenseError {
  const retryAfter = Number(response.headers.get('Retry-After'));
  const { status } = response;
  return new LayersenseError(
    'hub_unavailable',
    `${new URL(response.url).host} answered ${status} for ${repository.id} of ${settings.endpoint}. Try again later.`,
    { status, ...(retryAfter > 0 && { retryAfterSeconds: retryAfter }) },
  );
}

/** Whether the same request may succeed in a moment. */
export function isTransient(error: unknown): error is LayersenseError {
  if (!(error instanceof LayersenseError) || error.code !== 'hub_unavailable') return false;
  const { status } = error.context;
  if (typeof status !== 'number') return true;
  return status >= 500 || status === TOO_MANY_REQUESTS || status === REQUEST_TIMEOUT;
}

function sameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}
