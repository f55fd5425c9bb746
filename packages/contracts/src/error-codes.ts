interface ErrorCodeInfo {
  /** HTTP status when the error answers a request. */
  readonly status: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retryable: boolean;
  readonly title: string;
}

/** Every error this project reports, by code. docs/reference/errors.md lists the same ones. */
export const errorCodes = {
  invalid_request: { status: 422, retryable: false, title: 'The request is not valid' },
  invalid_json: { status: 400, retryable: false, title: 'The body is not JSON' },
  body_too_large: { status: 413, retryable: false, title: 'The body is too large' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    title: 'The body must be application/json',
  },
  request_timeout: {
    status: 408,
    retryable: true,
    title: 'The request did not arrive in time',
  },
  headers_too_large: {
    status: 431,
    retryable: false,
    title: 'The address or the headers are too long',
  },
  unauthenticated: { status: 401, retryable: false, title: 'A valid API key is needed' },
  forbidden: { status: 403, retryable: false, title: 'The API key lacks the scope' },
  origin_not_allowed: {
    status: 403,
    retryable: false,
    title: 'Only programs on this machine are answered without a key',
  },
  webhooks_disabled: { status: 422, retryable: false, title: 'This service sends no webhooks' },
  webhook_url_not_allowed: {
    status: 422,
    retryable: false,
    title: 'Nothing may be sent to this address',
  },
  rate_limited: { status: 429, retryable: true, title: 'Too many requests' },
  exposure_refused: {
    status: 500,
    retryable: false,
    title: 'The service would be open to everybody',
  },
  not_acceptable: {
    status: 406,
    retryable: false,
    title: 'There is no such representation',
  },
  too_many_streams: {
    status: 503,
    retryable: true,
    title: 'Too many event streams are open',
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    title: 'The idempotency key belongs to another request',
  },
  not_found: { status: 404, retryable: false, title: 'No such resource' },
  job_unfinished: { status: 409, retryable: true, title: 'The job has not finished yet' },
  job_without_scores: { status: 409, retryable: false, title: 'The job ended without scores' },
  job_finished: { status: 409, retryable: false, title: 'The job has already finished' },
  path_not_allowed: {
    status: 403,
    retryable: false,
    title: 'The path is outside the allowed roots',
  },
  model_not_found: { status: 404, retryable: false, title: 'No such model' },
  revision_not_found: { status: 404, retryable: false, title: 'No such revision' },
  model_gated: { status: 403, retryable: false, title: 'The model needs a token that may read it' },
  model_type_unsupported: {
    status: 422,
    retryable: false,
    title: 'The architecture is not supported',
  },
  loss_unsupported: { status: 422, retryable: false, title: 'The model has no such loss' },
  config_invalid: { status: 422, retryable: false, title: 'The model configuration is not valid' },
  checkpoint_missing: { status: 422, retryable: false, title: 'The checkpoint has no weights' },
  checkpoint_invalid: { status: 422, retryable: false, title: 'The checkpoint file is not valid' },
  tensor_missing: { status: 422, retryable: false, title: 'The checkpoint lacks a tensor' },
  tensor_mismatch: { status: 422, retryable: false, title: 'A tensor has an unexpected shape' },
  dtype_unsupported: { status: 422, retryable: false, title: 'The tensor type is not supported' },
  tokenizer_missing: { status: 422, retryable: false, title: 'The model has no tokenizer' },
  tokenizer_invalid: { status: 422, retryable: false, title: 'The tokenizer is not valid' },
  tokenizer_unsupported: {
    status: 422,
    retryable: false,
    title: 'The tokenizer needs something that is not supported',
  },
  chat_template_missing: {
    status: 422,
    retryable: false,
    title: 'The tokenizer has no chat template',
  },
  dataset_not_found: { status: 404, retryable: false, title: 'No such dataset' },
  dataset_malformed: { status: 422, retryable: false, title: 'The dataset is malformed' },
  label_invalid: { status: 422, retryable: false, title: 'A row has no usable label' },
  dataset_empty: { status: 422, retryable: false, title: 'The dataset has no usable example' },
  sequence_too_long: {
    status: 422,
    retryable: false,
    title: 'A sequence exceeds the position table',
  },
  token_out_of_range: { status: 422, retryable: false, title: 'A token id exceeds the vocabulary' },
  unsupported_operator: {
    status: 422,
    retryable: false,
    title: 'The graph cannot be differentiated',
  },
  non_finite_gradient: { status: 422, retryable: false, title: 'A gradient is not finite' },
  non_finite_damage: {
    status: 422,
    retryable: false,
    title: 'Predictions with the replaced weights are not finite',
  },
  non_finite_weight: { status: 422, retryable: false, title: 'A weight is not finite' },
  format_unknown: { status: 422, retryable: false, title: 'No numeric format has this name' },
  format_unsuitable: {
    status: 422,
    retryable: false,
    title: 'The numeric format does not fit the matrix',
  },
  format_overflow: {
    status: 422,
    retryable: false,
    title: 'The numeric format cannot hold a weight',
  },
  device_unavailable: { status: 422, retryable: false, title: 'The device is not available' },
  out_of_memory: { status: 507, retryable: false, title: 'The computation ran out of memory' },
  disk_full: { status: 507, retryable: false, title: 'The disk is full' },
  compute_failed: { status: 500, retryable: false, title: 'The computation failed' },
  compute_process_died: { status: 500, retryable: true, title: 'The compute process died' },
  compute_stalled: { status: 500, retryable: true, title: 'The compute process does not answer' },
  hub_unavailable: { status: 503, retryable: true, title: 'The model hub cannot be reached' },
  hub_offline: {
    status: 422,
    retryable: false,
    title: 'Not in the cache, and the hub is switched off',
  },
  download_corrupt: { status: 502, retryable: true, title: 'A downloaded file is damaged' },
  cache_full: { status: 507, retryable: true, title: 'The model cache is full' },
  runs_incompatible: { status: 422, retryable: false, title: 'The runs do not fit together' },
  runs_overlap: { status: 422, retryable: false, title: 'The runs share examples' },
  timed_out: { status: 504, retryable: false, title: 'The computation took too long' },
  canceled: { status: 409, retryable: false, title: 'The job was canceled' },
  database_unavailable: { status: 503, retryable: true, title: 'The database cannot be reached' },
  migration_refused: { status: 500, retryable: false, title: 'The database cannot be migrated' },
  queue_unavailable: { status: 503, retryable: true, title: 'The queue cannot be reached' },
  internal: { status: 500, retryable: false, title: 'Something went wrong on our side' },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>;

export type ErrorCode = keyof typeof errorCodes;

export type ErrorContext = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * The one error class of this project. The message is a sentence for the user that says what is
 * wrong and what to do; `context` holds the same facts for programs.
 */
export class LayersenseError extends Error {
  override readonly name = 'LayersenseError';
  readonly retryable: boolean;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly context: ErrorContext = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.retryable = errorCodes[code].retryable;
  }
}

/** `error` itself when it is ours, otherwise an `internal` one that carries it as its cause. */
export function toLayersenseError(error: unknown): LayersenseError {
  if (error instanceof LayersenseError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LayersenseError('internal', message, {}, { cause: error });
}
