import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { homeFolder } from '../home-folder.js';

/** Keeps the revisions of the cache whose mark it is given. */
export interface RevisionHold {
  add(mark: string): Promise<void>;
}

export interface HubSettings {
  /** Base address without a trailing slash. */
  readonly endpoint: string;
  /** Where `models--org--name` folders lie; shared with Python's huggingface_hub. */
  readonly cacheFolder: string;
  readonly token?: string | undefined;
  /** Answer from the cache or not at all. */
  readonly offline: boolean;
  /** Least recently used revisions make room for a download that would exceed it; no limit when absent. */
  readonly maxCacheBytes?: number | undefined;
  /** Keeps what is resolved from being evicted; until this process ends when absent. */
  readonly hold?: RevisionHold | undefined;
  /** Hears of each file of a model that is wanted whether the cache has it. */
  readonly onLookup?: ((found: boolean) => void) | undefined;
  /** Wait before the first retry, doubled for each one after it; 500 ms when absent. */
  readonly retryDelayMs?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings that huggingface_hub would read from the same environment: HF_ENDPOINT, HF_TOKEN or
 * the file that `hf auth login` writes, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME,
 * XDG_CACHE_HOME, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE. Empty variables count as unset.
 *
 * @throws LayersenseError `invalid_request` for a token or an address that no request could carry.
 */
export function hubSettingsFromEnvironment(environment: Environment): HubSettings {
  const home = environment.HOME || homeFolder();
  const expand = (path: string) => resolve(path.replace(/^~(?=\/|$)/, () => home));
  const cacheHome = environment.XDG_CACHE_HOME || join(home, '.cache');
  const hubHome = expand(environment.HF_HOME || join(cacheHome, 'huggingface'));
  const cacheFolder = environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE;
  const tokenFile = expand(environment.HF_TOKEN_PATH || join(hubHome, 'token'));
  return {
    endpoint: checkedEndpoint(environment.HF_ENDPOINT || 'https://huggingface.co'),
    cacheFolder: expand(cacheFolder || join(hubHome, 'hub')),
    token: checkedToken(environment.HF_TOKEN?.trim() || readToken(tokenFile)),
    offline: isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE),
  };
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'on', 'yes', 'true'].includes(value?.toLowerCase() ?? '');
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** A header cannot hold other characters, and the error that `fetch` would throw quotes the token. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new LayersenseError(
    'invalid_request',
    'The Hugging Face token (HF_TOKEN or the token file) holds characters that no token has. Copy it again.',
  );
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && !url.username && !url.password) {
    return endpoint.replace(/\/+$/, '');
  }
  throw new LayersenseError(
    'invalid_request',
    'HF_ENDPOINT must be an http or https address without a user name or password.',
  );
}
