import { setTimeout as sleep } from 'node:timers/promises';
import createFetchClient, { type Client } from 'openapi-fetch';
import type { paths } from './generated/api.js';
import { type Problem, ServiceError } from './service-error.js';
import type {
  CreateJobRequest,
  Job,
  Progress,
  Run,
  ScoreReport,
  ScoresQuery,
  StoredScores,
} from './types.js';

/** Statuses after which the same request may well succeed. */
const PASSING = new Set([429, 502, 503, 504]);
const LONGEST_WAIT_SECONDS = 30;

export interface ClientOptions {
  /** Where the service is, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** A key that `layersense keys create` showed; none where the service asks for none. */
  readonly apiKey?: string | undefined;
  /** How often a request that met a passing trouble is sent again; 4 by default. */
  readonly retries?: number;
  /** Aborting it ends every call under way and to come. */
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  /** Seconds between two looks; as the service asks for when absent. */
  readonly pollSeconds?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * The service for programs. Every call rejects with {@link ServiceError} when the service refuses it,
 * and with fetch's own error when there is no answer after all retries.
 */
export class LayersenseClient {
  readonly #api: Client<paths>;
  readonly #retries: number;
  readonly #signal: AbortSignal | undefined;

  constructor({ url, apiKey, retries = 4, signal }: ClientOptions) {
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    this.#api = createFetchClient<paths>({ baseUrl: url, headers });
    this.#retries = retries;
    this.#signal = signal;
  }

  /**
   * Asks for the scores of a model. It is safe to lose the answer: the request carries a key, and
   * sent again it makes no second job.
   */
  submit(request: CreateJobRequest, idempotencyKey: string = crypto.randomUUID()): Promise<Job> {
    return this.#call((signal) =>
      this.#api.POST('/jobs', {
        params: { header: { 'idempotency-key': idempotencyKey } },
        body: request,
        signal,
      }),
    );
  }

  job(id: string): Promise<Job> {
    return this.#call((signal) =>
      this.#api.GET('/jobs/{id}', { params: { path: { id } }, signal }),
    );
  }

  cancel(id: string): Promise<Job> {
    return this.#call((signal) =>
      this.#api.POST('/jobs/{id}/cancel', { params: { path: { id } }, signal }),
    );
  }

  /** Queues a failed or canceled job again. */
  retry(id: string): Promise<Job> {
    return this.#call((signal) =>
      this.#api.POST('/jobs/{id}/retry', { params: { path: { id } }, signal }),
    );
  }

  /** Follows a job to its end, whatever that is. */
  async wait(id: string, { pollSeconds, onProgress }: WaitOptions = {}): Promise<Job> {
    for (;;) {
      const job = await this.job(id);
      if (job.progress) onProgress?.(job.progress);
      if (job.finished_at !== null) return job;
      await sleep((pollSeconds ?? 2) * 1000, undefined, { signal: this.#signal });
    }
  }

  /** The run and the scores of a job; of an unfinished one those it has by now. */
  scores(jobId: string): Promise<ScoreReport> {
    return this.#call((signal) =>
      this.#api.GET('/jobs/{id}/scores', { params: { path: { id: jobId } }, signal }),
    ) as Promise<ScoreReport>;
  }

  /** The scores of the newest run of every model, revision, dataset and method that fits. */
  storedScores(query: ScoresQuery = {}): Promise<StoredScores> {
    return this.#call((signal) =>
      this.#api.GET('/scores', { params: { query }, signal }),
    ) as Promise<StoredScores>;
  }

  run(id: string): Promise<Run> {
    return this.#call((signal) =>
      this.#api.GET('/runs/{id}', { params: { path: { id } }, signal }),
    );
  }

  /**
   * Submits a job, follows it and answers with its scores.
   *
   * @throws ServiceError with the job's own problem when it failed or was canceled
   */
  async compute(request: CreateJobRequest, options: WaitOptions = {}): Promise<ScoreReport> {
    const { id } = await this.submit(request);
    const job = await this.wait(id, options);
    if (job.error) throw new ServiceError(job.error);
    return await this.scores(id);
  }

  async #call<T>(send: (signal: AbortSignal | null) => Promise<Answer<T>>): Promise<T> {
    for (let retry = 0; ; retry++) {
      const last = retry >= this.#retries;
      const answer = await send(this.#signal ?? null).catch((error: unknown) => {
        if (last || this.#signal?.aborted) throw error;
        return undefined;
      });
      if (answer && !(PASSING.has(answer.response.status) && !last)) return bodyOf(answer);
      const asked = Number(answer?.response.headers.get('retry-after') ?? 2 ** retry / 2);
      const seconds = Math.min(asked, LONGEST_WAIT_SECONDS);
      await sleep(seconds * 1000, undefined, this.#signal ? { signal: this.#signal } : {});
    }
  }
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

function bodyOf<T>({ data, error, response }: Answer<T>): T {
  if (response.ok) return data as T;
  throw new ServiceError(isProblem(error) ? error : unexplained(response));
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;

/** An answer of something between here and the service, which knows no problem details. */
function unexplained({ status, statusText, url }: Response): Problem {
  return {
    type: 'about:blank',
    title: statusText,
    status,
    code: 'internal',
    retryable: false,
    detail: `${url} answered ${status} ${statusText} and no explanation. Is this the address of the service?`,
  };
}
