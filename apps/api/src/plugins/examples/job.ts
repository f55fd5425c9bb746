import type { Job, JobEvent, WebhookDelivery } from '@layersense/contracts';
import { run } from './run.js';

const id = 'job_01935b7c-0000-7000-8000-000000000000';

export const queuedJob: Job = {
  id,
  object: 'job',
  status: 'queued',
  request: {
    model: run.model.name,
    revision: null,
    dataset: { name: 'gsm8k' },
    method: 'fisher',
    params: { examples: 2, max_length: 512, seed: 42, labels: 'data' },
    device: 'auto',
    force: false,
  },
  metadata: { ticket: 'Q-17' },
  priority: 0,
  timeout_seconds: null,
  shards: 1,
  progress: null,
  cached: false,
  run_id: null,
  error: null,
  attempt: 0,
  created_at: '2026-11-23T12:00:00.000Z',
  started_at: null,
  finished_at: null,
  cancel_requested_at: null,
  urls: {
    self: `/jobs/${id}`,
    events: `/jobs/${id}/events`,
    scores: `/jobs/${id}/scores`,
    cancel: `/jobs/${id}/cancel`,
    retry: `/jobs/${id}/retry`,
  },
};

export const runningJob: Job = {
  ...queuedJob,
  status: 'running',
  progress: { phase: 'computing', done: 1, total: 2, layer: 'model.layers.3', eta_seconds: 41.5 },
  attempt: 1,
  started_at: '2026-11-23T12:00:01.000Z',
};

export const succeededJob: Job = {
  ...runningJob,
  status: 'succeeded',
  progress: { phase: 'saving', done: 0, total: 0, layer: null, eta_seconds: null },
  run_id: run.id,
  finished_at: run.created_at,
};

export const startedEvent: JobEvent = {
  seq: 2,
  type: 'started',
  data: { status: 'running', attempt: 1, worker_id: 'gpu-1:4711' },
  created_at: '2026-11-23T12:00:01.000Z',
};

export const webhookDelivery: WebhookDelivery = {
  id: 'msg_01935b7c-0000-7000-8000-000000000000',
  object: 'webhook_delivery',
  status: 'delivered',
  url: 'https://ci.example.com/layersense',
  event: {
    type: 'job.succeeded',
    timestamp: run.created_at,
    data: { id, status: 'succeeded' },
  },
  attempts: 1,
  next_attempt_at: null,
  last_response_status: 204,
  last_error: null,
  created_at: run.created_at,
  finished_at: '2026-11-23T12:01:01.000Z',
};
